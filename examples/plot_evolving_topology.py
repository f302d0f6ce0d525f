"""
Watching a topology evolve
==========================

Where do the connections go while a network learns? A log looks at the network after
each epoch. Here the network learns images of digits, so its inputs can be drawn.
"""

# %%
# Keep a log
# ----------
#
# A :class:`~skset.callbacks.TopologyLog` is a callback of scikit-learn 1.9. With
# ``snapshots=1`` it keeps the topology after every epoch. It changes no bit of the fit.

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skset import SETClassifier
from skset.callbacks import TopologyLog
from skset.inspection import ConnectivityDisplay

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
log = TopologyLog(snapshots=1)
model = SETClassifier((200,), epsilon=10, max_iter=40, random_state=0)
model.set_callbacks(log).fit(X_train, y_train)
print(f"accuracy {model.score(X_test, y_test):.3f}, {model.nnz_:,} connections")

# %%
# Connections of each pixel
# -------------------------
#
# Before the training the connections are random: each pixel has about as many as any
# other. The colour says how many connections go from a pixel to the hidden layer.

ConnectivityDisplay.from_snapshots(log, image_shape=(8, 8))
plt.show()

# %%
# The same as a moving picture. The method
# :meth:`~skset.inspection.ConnectivityDisplay.save_animation` writes it as a GIF.

degrees = np.array([layers[0].fan_out for layers in log.snapshots.values()])
figure, ax = plt.subplots(figsize=(3.6, 3.4), layout="constrained")
image = ax.imshow(degrees[0].reshape(8, 8), vmin=0, vmax=degrees.max())
figure.colorbar(image, ax=ax, label="connections")
ax.set_axis_off()


def draw(epoch):
    """Draw the topology after an epoch."""
    image.set_data(degrees[epoch].reshape(8, 8))
    ax.set_title(f"epoch {epoch}")


frames = range(0, len(degrees), 2)
animation = FuncAnimation(figure, draw, frames=frames, interval=250)
plt.show()

# %%
# New connections, and old ones
# -----------------------------
#
# After each epoch the share ``zeta`` of the connections is dropped, the weakest, and as
# many grow at free places. The log looks at the network before that, so the first new
# connections are seen in epoch 2. A connection may grow where one was just dropped. It
# is not counted as new, so the share of new ones is a little below ``zeta``. How many
# of the first connections are left?

places = [set(layers[0].positions().tolist()) for layers in log.snapshots.values()]
left = [100 * len(now & places[0]) / len(places[0]) for now in places]
new = [record["replaced"][0] / record["nnz"][0] for record in log.records]
pixels = degrees.sum(axis=1)
centre = degrees.reshape(-1, 8, 8)[:, 1:-1, 2:-2].sum(axis=(1, 2)) / pixels

figure, ax = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
ax.plot(left, color="#0072B2", label="connections from before the training")
ax.plot(range(1, len(places)), 100 * np.array(new), "#D55E00", label="new in the epoch")
ax.plot(100 * centre, color="#009E73", label="at the 24 pixels in the centre")
ax.axhline(100 * 24 / 64, color="#009E73", linestyle=":", label="24 of 64 pixels")
ax.set(xlabel="epoch", ylabel="% of the first layer", ylim=(0, 105))
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False, loc="upper right")
plt.show()

# %%
# What was seen
# -------------

border = degrees.reshape(-1, 8, 8)[:, :, [0, -1]].sum(axis=(1, 2)) / pixels
print(f"new in the last epoch: {100 * new[-1]:.0f} % of the connections")
print(f"there from the beginning: {left[-1]:.0f} % of them")
for name, share in (("24 pixels in the centre", centre), ("16 at the sides", border)):
    print(f"{name}: {100 * share[0]:.0f} % of all, then {100 * share[-1]:.0f} %")

# %%
# From epoch 2 on about the same share is new in each epoch, and still the old ones
# stay. So it is mostly young connections that are dropped again: a new one has a small
# weight, and few epochs to prove itself.
#
# The network was never told where the digits are. A connection from a pixel that is
# always white gets no gradient, so it stays weak and is dropped. The new one may come
# anywhere, and stays where it is of use.
#
# :doc:`/inspection` has all displays, and :doc:`/strategies` other ways to drop and
# grow. :ref:`sphx_glr_auto_examples_plot_scale_free.py` looks at the degrees.
