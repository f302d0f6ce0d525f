"""Train SET-CNN on the digits that scikit-learn ships, in two ways.

    pip install 'skset[torch]'
    python examples/set_cnn.py

The first is `SETConvClassifier`, beside the same network with a random topology that
stays, and with full layers. The second is a loop of your own, around a network of your
own, in PyTorch.
"""

import time

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

from skset.torch import SETConvClassifier, SETLinear, TopologyUpdate

EPOCHS, BATCH, RATE = 15, 64, 0.003
HEADS = {
    "SET, 5 %": {"density": 0.05},
    "static, 5 %": {"density": 0.05, "method": "static"},
    "full": {"density": 1.0, "method": "static"},
}


def main():
    torch.set_num_threads(1)  # more would wait for each other: the steps are short
    images, y = load_digits(return_X_y=True)
    images = images.reshape(-1, 1, 8, 8)
    parts = train_test_split(images, y, random_state=0, stratify=y)
    print(f"{'':12} {'accuracy':>8} {'connections':>12} {'seconds':>8}")
    for name, head in HEADS.items():
        began = time.perf_counter()
        model = classifier(head).fit(parts[0], parts[2])
        seconds = time.perf_counter() - began
        show(name, model.score(parts[1], parts[3]), model.nnz_, seconds)
    began = time.perf_counter()
    accuracy, nnz = by_hand(*parts)
    show("own loop", accuracy, nnz, time.perf_counter() - began)


def classifier(head):
    """Return the classifier with one of the heads."""
    return SETConvClassifier(
        (500, 500),
        channels=(16, 32),
        batch_size=BATCH,
        learning_rate_init=RATE,
        max_iter=EPOCHS,
        random_state=0,
        **head,
    )


def by_hand(X_train, X_test, y_train, y_test):
    """Return the test accuracy and the connections of a network of our own."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        SETLinear(256, 500, density=0.05, activation="relu"),
        SETLinear(500, 500, density=0.05, activation="relu"),
        nn.Linear(500, 10),
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    update = TopologyUpdate(net, optimizer, method="set", total_epochs=EPOCHS)
    X, y = torch.tensor(X_train / 16, dtype=torch.float32), torch.tensor(y_train)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(X)).split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(X[rows]), y[rows]).backward()
            optimizer.step()
        update.step()  # drop the weakest connections, grow as many elsewhere
    with torch.no_grad():
        logits = net.eval()(torch.tensor(X_test / 16, dtype=torch.float32))
    right = logits.argmax(1) == torch.tensor(y_test)
    return right.double().mean().item(), sum(layer.nnz for layer in update.layers)


def show(name, accuracy, nnz, seconds):
    print(f"{name:12} {accuracy:8.3f} {nnz:12,} {seconds:8.1f}")


if __name__ == "__main__":
    main()
