"""STUB."""


def model():
    return []
