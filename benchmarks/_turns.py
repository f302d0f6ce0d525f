"""Models that train an epoch when it is their turn."""

from queue import SimpleQueue
from threading import Thread

__all__ = ["Fit", "PartialFit"]


class PartialFit:
    """Epochs by `partial_fit`: there is no end, and the rate is constant."""

    def __init__(self, model, classes):
        self.model = model
        self.classes = classes
        self.has_ended = False

    def epoch(self, X, y):
        self.model.partial_fit(X, y, classes=self.classes)

    def score(self, X, y):
        return self.model.score(X, y)

    def stop(self):
        self.has_ended = True


class Fit:
    """The epochs of a `fit`, which waits in a callback after each of them."""

    def __init__(self, model):
        self.model = model.set_callbacks(Pause(self))
        self.epochs, self.answers = SimpleQueue(), SimpleQueue()
        self.fitted = self.thread = None
        self.has_ended = False

    def epoch(self, X, y):
        """Train until the end of an epoch; until the end of the fit after the last."""
        if self.thread is None:
            # A daemon: an error elsewhere shall not wait for a fit that waits.
            self.thread = Thread(target=self._fit, args=(X, y), daemon=True)
            self.thread.start()
        else:
            self.answers.put(False)
        self._wait()

    def score(self, X, y):
        return self.fitted.score(X, y)

    def stop(self):
        """End the fit."""
        if not self.has_ended:
            self.answers.put(True)
            self._wait()

    def _wait(self):
        answer = self.epochs.get()
        if isinstance(answer, BaseException):
            raise answer
        self.fitted = answer
        self.has_ended = self.has_ended or answer is self.model

    def _fit(self, X, y):
        try:
            self.epochs.put(self.model.fit(X, y))
        except BaseException as error:
            self.epochs.put(error)


class Pause:
    """The callback that waits for the next turn."""

    def __init__(self, fit):
        self.fit = fit

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        """Return whether the fit shall stop, when that is known."""
        if context.task_name != "epoch":
            return None
        self.fit.epochs.put(fitted_estimator)
        return self.fit.answers.get()
