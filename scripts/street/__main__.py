"""Start the demo, which can be broken off from the first moment on."""

import signal

# The demo takes this signal as soon as it has anything to put in order; Python would until then
# answer it with a traceback.
signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

from street.visit import main  # noqa: E402 - the imports take most of the first second

main()
