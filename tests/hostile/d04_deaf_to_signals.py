# row: D4
# attack: signals ignored, alarms cancelled, every exception swallowed
# outcome: zero
# status: timeout
import signal

for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass


def row_sums(x):
    while True:
        try:
            signal.alarm(0)
            signal.setitimer(signal.ITIMER_REAL, 0)
        except BaseException:
            pass
