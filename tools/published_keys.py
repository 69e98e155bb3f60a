"""Make `mailhook/signing_keys/published.bin` of lists of secrets that are public.

    tools/published_keys.py LIST…

Each LIST is a text file with one secret a line. The file in the tree was made of the lists
that the package `badsecrets` 1.3.0 (PyPI) has in `badsecrets/resources`: jwt_secrets.txt
(which is for the most part `jwt.secrets.list` of github.com/wallarm/jwt-secrets),
express_session_secrets.txt, django_secret_keys.txt, flask_secret_keys.txt,
rails_secret_key_base.txt, symfony_appsecret.txt, rack_secret_keys.txt, laravel_app_keys.txt,
yii2_cookieValidationKeys.txt, nextauth_secrets.txt and top_250000_passwords.txt. SAMPLES are
keys that documentations and tutorials use. Only digests are kept; the lists are not.
"""  # noqa: INP001 - a script

from __future__ import annotations

import sys
from pathlib import Path

from mailhook.signing_keys.published import PATH, digested

# jwt.io, RFC 7515 appendix A.1, what the first lines of that list have beside them, and
# the key that `mailhook demo` once had.
SAMPLES = """
your-256-bit-secret
your-384-bit-secret
your-512-bit-secret
a-string-secret-at-least-256-bits-long
a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long
AyM1SysPPbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow
CHANGE_THIS_TO_SOMETHING_RANDOM
r9iMKoe5CRMgvJBBtp4HrqN7QiPpUToj
<random_string_at_least_32_characters_long>
reallyreallyreallyreallyverysafe
demo-signing-key-that-opens-nothing-5f0c2a
"""


def main(lists: list[str]) -> None:
    """Write the file anew."""
    texts = [SAMPLES.encode(), *(Path(one).read_bytes() for one in lists)]
    PATH.write_bytes(digested(line for text in texts for line in text.splitlines()))


if __name__ == "__main__":
    main(sys.argv[1:])
