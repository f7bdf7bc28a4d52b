"""Start a worker in any Python that has NumPy: `python start.py PRINTED MEGABYTES`.

The package itself is not imported: only the files that run beside homework are, which
need NumPy alone and the syntax of Python 3.9.
"""

import os
import sys
import types

here = os.path.dirname(os.path.abspath(__file__))
testing = os.path.dirname(here)
package = os.path.dirname(testing)
FOLDERS = {
    "im2col_cnn": package,
    "im2col_cnn.testing": testing,
    "im2col_cnn.testing.isolation": here,
    "im2col_cnn.testing.dialects": os.path.join(testing, "dialects"),
}


def stand_in() -> None:
    """Put empty packages in place of ours, so that their own imports are not run."""
    for name, folder in FOLDERS.items():
        module = types.ModuleType(name)
        module.__path__ = [folder]
        sys.modules[name] = module


if __name__ == "__main__":
    sys.path.pop(0)  # this folder: its files are no modules of the homework's
    stand_in()
    from im2col_cnn.testing.isolation.worker import main

    # Homework that imports the package gets the real one.
    del sys.modules["im2col_cnn"]
    main()
