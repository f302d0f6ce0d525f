"""`Mailbox`: what copies of a callback in other processes send to the first one."""

from typing import Any

from skset.estimators._sklearn import callback_transport

__all__ = ["Mailbox"]


class Mailbox:
    """A list of messages, to which copies of it in other processes can add.

    A search pickles its callbacks to its workers. A copy there finds the first mailbox
    over a local socket, as scikit-learn's own callbacks do. Where it cannot be reached,
    as in another session, a copy is a mailbox of its own with the messages until then.

    Raises
    ------
    ImportError
        If scikit-learn is older than 1.9, or has no such transport any more.

    Attributes
    ----------
    messages : list
        In the order in which they came.
    """

    messages: list[Any]

    def __init__(self) -> None:
        self.messages = []
        self._open()

    def _open(self) -> None:
        transport = callback_transport()
        self._handle = transport.open_listener(self.messages.append, owner=self)

    def send(self, message: Any) -> None:
        """Add a message to the first mailbox; return once it is there."""
        callback_transport().send(self._handle, message)

    def __getstate__(self) -> dict[str, Any]:
        # A copy of the list, as another thread may add to it while it is pickled.
        return {"messages": list(self.messages), "_handle": self._handle}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if not callback_transport().can_reuse_listener(self._handle):
            self._open()
