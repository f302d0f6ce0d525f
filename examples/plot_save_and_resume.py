"""
Saving, resuming, ONNX
======================

How do I save a model, and how does a fit go on after the machine has stopped? A model
is saved in several ways and their files are compared. Then a fit is broken off and
resumed.
"""

# %%
# Save and load
# -------------
#
# :func:`skset.save` writes a file that holds numbers and no code, so it is safe to
# open. What comes back predicts the same, bit for bit.

import pickle
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import skset
from skset.callbacks import Checkpoint

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
folder = TemporaryDirectory()
here = Path(folder.name)

model = skset.SETClassifier((1000, 1000), epsilon=10, max_iter=10, random_state=0)
model.fit(X_train, y_train)
skset.save(model, here / "digits.npz")
again = skset.load(here / "digits.npz")
same = (again.predict_proba(X_test) == model.predict_proba(X_test)).all()
print(f"the same probabilities: {same}")

# %%
# How large are the files?
# ------------------------
#
# After ``partial_fit`` a model has an optimiser. ``training=True`` keeps its state, so
# that the next ``partial_fit`` goes on as if nothing had happened.
# :meth:`~skset.SETClassifier.to_mlp` makes a dense
# :class:`~sklearn.neural_network.MLPClassifier` that predicts the same: its file shows
# what sparse storage saves. ONNX is for other programs and languages, and needs
# ``pip install 'skset[onnx]'``.

model.partial_fit(X_train, y_train)
skset.save(model, here / "digits.npz")
skset.save(model, here / "training.npz", training=True)
(here / "model.pickle").write_bytes(pickle.dumps(model))
(here / "mlp.pickle").write_bytes(pickle.dumps(model.to_mlp()))
files = {
    "skset.save": "digits.npz",
    "skset.save, training=True": "training.npz",
    "pickle": "model.pickle",
    "pickle of to_mlp()": "mlp.pickle",
}
try:
    from skset.onnx import to_onnx
except ImportError:
    print("ONNX is not installed, so its file is left out")
else:
    content = to_onnx(model).SerializeToString()
    (here / "digits.onnx").write_bytes(content)
    files["to_onnx"] = "digits.onnx"

sizes = {way: (here / file).stat().st_size / 1e6 for way, file in files.items()}
figure, ax = plt.subplots(figsize=(6.4, 0.9 + 0.45 * len(sizes)), layout="constrained")
bars = ax.barh(list(sizes), list(sizes.values()), color="#0072B2")
ax.bar_label(bars, [f"{size:.2f} MB" for size in sizes.values()], padding=4)
ax.invert_yaxis()
ax.margins(x=0.15)
ax.set(xlabel="size of the file, MB", title=f"{model.nnz_:,} connections")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# A fit that is broken off
# ------------------------
#
# A :class:`~skset.callbacks.Checkpoint` writes the fit into a file after each epoch. It
# is a callback of scikit-learn 1.9. Here another callback acts as a power cut.


class PowerCutError(Exception):
    """What happens at night."""


class Night:
    """A callback that ends the fit after some epochs."""

    def __init__(self, n_epochs):
        self.n_epochs = n_epochs

    def setup(self, estimator, context):
        """Begin to count."""
        self.n_left = self.n_epochs

    def on_fit_task_begin(self, estimator, context):
        """Do nothing."""

    def on_fit_task_end(self, estimator, context):
        """Count the epochs, and end the fit."""
        self.n_left -= context.task_name == "epoch"
        if self.n_left == 0:
            raise PowerCutError

    def teardown(self, estimator, context):
        """Do nothing."""


broken = skset.SETClassifier((200,), max_iter=30, random_state=0)
broken.set_callbacks(Checkpoint(here / "fit.npz"), Night(12))
try:
    broken.fit(X_train, y_train)
except PowerCutError:
    saved = skset.load(here / "fit.npz")
    print(
        f"{saved.n_iter_} epochs are safe, accuracy {saved.score(X_test, y_test):.3f}"
    )

# %%
# :func:`skset.resume` goes on from the file to the planned end. Give it the same rows.

resumed = skset.resume(here / "fit.npz", X_train, y_train)
whole = skset.SETClassifier((200,), max_iter=30, random_state=0).fit(X_train, y_train)
same = (resumed.predict_proba(X_test) == whole.predict_proba(X_test)).all()
print(f"{resumed.n_iter_} epochs, accuracy {resumed.score(X_test, y_test):.3f}")
print(f"the same probabilities as a fit without a break: {same}")

figure, ax = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
ax.plot(range(1, 31), whole.loss_curve_, color="#999999", lw=6, label="without a break")
ax.plot(range(1, 31), resumed.loss_curve_, color="#0072B2", label="resumed")
ax.axvline(saved.n_iter_, color="#D55E00", linestyle="--", label="the break")
ax.set(xlabel="epoch", ylabel="training loss", yscale="log")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)
plt.show()
folder.cleanup()

# %%
# What was seen
# -------------
#
# The file of a sparse network holds only its connections. The file of the dense copy is
# many times as large. The optimiser's state makes a file larger. The fit that was
# broken off ends with the same bits, so the two curves are one.
#
# :doc:`/persistence` says which way is safe with files of strangers, and :doc:`/onnx`
# how to use the model without Python.
