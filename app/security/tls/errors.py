"""What can be wrong with the files of TLS."""


class TlsError(Exception):
    """A certificate, a key or what is known of clients' certificates cannot be used."""
