"""How kernels are compiled, kept, and shared between threads."""
