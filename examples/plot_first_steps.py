"""
First steps
===========

How do I train a sparse network, and what is in it? This example classifies images of
digits with 64 pixels each. It takes a few seconds.
"""

# %%
# Train
# -----
#
# :class:`~skset.SETClassifier` is used as any estimator of scikit-learn: ``fit`` trains
# it, ``predict`` answers. The columns may have any units: they are standardised inside.
# With ``random_state=0`` the network is the same each time, bit for bit.

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skset import SETClassifier
from skset.inspection import LearningCurveDisplay

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

model = SETClassifier((200,), max_iter=40, random_state=0)
model.fit(X_train, y_train)
print(f"accuracy on {len(y_test)} test images: {model.score(X_test, y_test):.3f}")

# %%
# Is it sparse?
# -------------
#
# A dense network of this shape has a weight for each pair of units. This one holds only
# its connections. ``nnz_`` counts them, and ``density_`` is their share.

share = 100 * model.density_
print(f"{model.nnz_:,} connections, {share:.0f} % of a dense network's")

# %%
# How did the training go?
# ------------------------
#
# The loss measures the errors on the training rows. It should fall from epoch to epoch.

LearningCurveDisplay.from_estimator(model)
plt.show()

# %%
# Which pixels matter?
# --------------------
#
# At first the connections are random: each pixel has about as many as any other. After
# each epoch the weakest are dropped and new ones grow. So pixels that differ between
# digits collect connections, and those at the border lose theirs.

first = model.network_.layers[0].topology
figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3), layout="constrained")
left.imshow(X.mean(axis=0).reshape(8, 8), cmap="gray_r")
left.set_title("mean of all images")
shown = right.imshow(first.fan_out.reshape(8, 8), cmap="viridis")
right.set_title("connections of each pixel")
figure.colorbar(shown, ax=right, label="connections")
for ax in (left, right):
    ax.set(xlabel="column", ylabel="row")
plt.show()
