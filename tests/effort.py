"""What work costs, judged so that a busy machine does not change the verdict."""

from time import thread_time


def growth(work, short, long, takes=3):
    """How many times as much `work(long)` costs as `work(short)`: the least of some takes of each, in turn."""
    took = {short: [], long: []}
    for _ in range(takes):
        for text, times in took.items():
            began = thread_time()
            work(text)
            times.append(thread_time() - began)
    return min(took[long]) / min(took[short])
