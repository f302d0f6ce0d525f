"""Steps in PyTorch: a dense network, and one of sparse CSR tensors.

The sparse step is written by hand, for the least overhead: products by MKL with 32-bit
indices, a second tensor for the transposed product, gradients of the weights sampled
at the connections, preallocated results, and the fused optimiser. Autograd would make
a dense gradient of the weights, and convert the transposed tensor in each step.
"""

from functools import partial

import numpy as np
import torch
from _step_peers import MOMENTUM
from torch.nn import functional

__all__ = ["contestants", "csr_tensor", "module_epochs"]

NARROWEST, WIDEST = 8, 32


def epochs(task, step):
    """Return a function that takes `step(X, y)` for each batch of an epoch."""
    X, y = torch.from_numpy(task.X), torch.from_numpy(task.y)
    rng = np.random.default_rng(0)

    def epoch():
        order = torch.from_numpy(rng.permutation(len(X)))
        batches = order.split(task.batch)
        losses = [step(X.index_select(0, b), y.index_select(0, b)) for b in batches]
        return sum(losses) / len(losses)

    return epoch


def optimiser(task, weights, biases):
    decayed = {"params": weights, "weight_decay": task.alpha / task.batch}
    return torch.optim.SGD(
        [decayed, {"params": biases}], task.rate, MOMENTUM, fused=True
    )


def module_epochs(task, layers):
    """Return an epoch of a network of `torch.nn` modules, by autograd."""
    parts = [part for layer in layers for part in (layer, torch.nn.ReLU())]
    network = torch.nn.Sequential(*parts[:-1])
    parameters = dict(network.named_parameters())
    biases = [p for name, p in parameters.items() if name.endswith("bias")]
    weights = [p for name, p in parameters.items() if not name.endswith("bias")]
    sgd = optimiser(task, weights, biases)

    def step(X, y):
        sgd.zero_grad()
        loss = functional.cross_entropy(network(X), y)
        loss.backward()
        sgd.step()
        return loss.item()

    return epochs(task, step)


def dense(task):
    """Train the dense network that has the connections' weights, and else zeros."""

    def linear(layer):
        n_in, n_out = layer.topology.shape
        module = torch.nn.Linear(n_in, n_out)
        with torch.no_grad():
            module.weight.copy_(torch.from_numpy(layer.to_csr().toarray().T))
            module.bias.copy_(torch.from_numpy(layer.bias))
        return module

    return module_epochs(task, [linear(layer) for layer in task.network.layers])


class CSRLayer:
    """Weights as a CSR tensor (outputs x inputs), and transposed.

    `order` has the place of each weight of the transposed tensor in the other one.
    """

    def __init__(self, layer):
        inputs = layer.to_csr()
        places = inputs.copy()
        places.data = np.arange(inputs.nnz)
        by_output = places.T.tocsr()
        by_output.sort_indices()
        order = np.empty(inputs.nnz, np.int32)
        order[by_output.data] = np.arange(inputs.nnz, dtype=np.int32)
        self.order = torch.from_numpy(order)
        self.W = csr_tensor(by_output, inputs.data[by_output.data])
        self.transposed = csr_tensor(inputs, inputs.data.copy())
        self.weights = self.W.values()
        self.bias = torch.from_numpy(layer.bias.copy())
        # The gradient is a tensor of the same pattern: sampled_addmm writes there.
        self.gradient = csr_tensor(by_output, np.zeros_like(inputs.data))
        self.weights.grad = self.gradient.values()
        self.bias.grad = torch.zeros_like(self.bias)

    def add_gradient(self, A, D, first):
        """Add the gradient of a panel of columns, or write it if it is the first."""
        torch.sparse.sampled_addmm(
            self.gradient, D, A.t(), beta=0.0 if first else 1.0, out=self.gradient
        )
        if first:
            torch.sum(D, 1, out=self.bias.grad)
        else:
            self.bias.grad += D.sum(1)


def csr_tensor(matrix, values):
    indptr, indices = (
        torch.from_numpy(part.astype(np.int32))
        for part in (matrix.indptr, matrix.indices)
    )
    values = torch.from_numpy(values)
    return torch.sparse_csr_tensor(indptr, indices, values, size=matrix.shape)


class CSRNetwork:
    """The whole network, and the arrays of a step with so many columns."""

    def __init__(self, task, width):
        self.batch, self.width = task.batch, width
        self.layers = [CSRLayer(layer) for layer in task.network.layers]
        units = task.network.n_units
        self.A = [torch.zeros(n, width) for n in units]
        self.D = [torch.zeros(n, width) for n in units]
        self.sgd = optimiser(
            task,
            [layer.weights for layer in self.layers],
            [layer.bias for layer in self.layers],
        )

    def step(self, X, y):
        """Take a step of one batch, in panels of columns; return its loss."""
        panels = zip(X.split(self.width), y.split(self.width), strict=True)
        loss = 0.0
        for k, (X_part, y_part) in enumerate(panels):
            self.A[0][:, : len(X_part)] = X_part.t()
            self.forward()
            loss += self.loss(y_part)
            self.backward(first=k == 0)
        self.sgd.step()
        for layer in self.layers[1:]:
            torch.index_select(
                layer.weights, 0, layer.order, out=layer.transposed.values()
            )
        return loss.item()

    def forward(self):
        last = len(self.layers) - 1
        for depth, layer in enumerate(self.layers):
            Z = self.A[depth + 1]
            torch.addmm(layer.bias[:, None], layer.W, self.A[depth], out=Z)
            if depth < last:
                Z.relu_()

    def loss(self, y):
        """Write the deltas of the outputs; return the sum of losses over the batch."""
        columns = slice(len(y))
        log_p = functional.log_softmax(self.A[-1][:, columns], 0)
        D = self.D[-1][:, columns]
        torch.exp(log_p, out=D)
        D[y, torch.arange(len(y))] -= 1
        D /= self.batch
        return functional.nll_loss(log_p.t(), y, reduction="sum") / self.batch

    def backward(self, first):
        for depth in range(len(self.layers) - 1, -1, -1):
            layer, A, D = self.layers[depth], self.A[depth], self.D[depth + 1]
            layer.add_gradient(A, D, first)
            if depth:
                below = self.D[depth]
                torch.addmm(below, layer.transposed, D, beta=0.0, out=below)
                torch.ops.aten.threshold_backward.grad_input(
                    below, A, 0, grad_input=below
                )


def csr(task, width=None):
    """Train CSR tensors; `width` is that of a panel of columns, or padded to it."""
    step = CSRNetwork(task, width or task.batch).step
    return epochs(task, torch.no_grad()(step))


def contestants(batch):
    """Return the contestants for a batch size, by name."""
    found = {"torch dense": dense, "torch CSR": csr}
    # sampled_addmm is slow below 8 columns, MKL above 32 if the rows are in no cache.
    if batch < NARROWEST:
        found[f"torch CSR, padded to {NARROWEST}"] = partial(csr, width=NARROWEST)
    if batch > WIDEST:
        found[f"torch CSR, panels of {WIDEST}"] = partial(csr, width=WIDEST)
    return found
