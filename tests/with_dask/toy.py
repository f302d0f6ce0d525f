"""A training that counts, sleeps, fails, or dies. It is sent to workers by value."""


def toy_opener():
    import os
    import signal
    import time

    class Toy:
        def __init__(self, number, rows, job, n_threads):
            self.number, self.rows, self.job = number, rows, job
            self.n_threads, self.n_calls, self.stopped = n_threads, 0, False
            if job == "dies when opened":
                os.kill(os.getpid(), signal.SIGKILL)

        def facts(self):
            return self.number, self.rows[0].shape, self.n_threads

        def add(self, common, own=0.0):
            self.n_calls += 1
            return (
                self.number,
                self.n_calls,
                float(self.rows[0].sum() + common.sum() + own),
            )

        def given(self, common):
            return self.rows

        def fail(self, numbers):
            if self.number in numbers:
                raise ValueError(f"shard {self.number} failed")

        def die(self, numbers):
            if self.number in numbers:
                os.kill(os.getpid(), signal.SIGKILL)
            return self.number

        def die_soon(self, numbers):
            if self.number in numbers:
                time.sleep(0.3)
            return self.die(numbers)

        def process(self, common):
            return os.getpid()

        def sleep(self, path):
            until = time.monotonic() + 60
            while not self.stopped and time.monotonic() < until:
                time.sleep(0.01)
            with open(f"{path}{self.number}", "w") as file:
                file.write("stopped" if self.stopped else "slept")

        def stop(self):
            self.stopped = True

    return Toy
