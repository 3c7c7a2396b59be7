"""``python -m idp …`` is the command line of :mod:`idp.commands`."""

from idp.commands import main

if __name__ == "__main__":
    main()
