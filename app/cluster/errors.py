"""What the catalog may refuse."""


class CatalogError(Exception):
    """The catalog refuses, or could not be asked."""


class TopicExists(CatalogError):
    """The name is taken, or collides with one that is."""


class UnknownTopic(CatalogError):
    """There is no topic of that name."""


class InvalidTopicName(CatalogError):
    """The name is longer than the catalog holds."""


class InvalidPartitionCount(CatalogError):
    """The number of partitions is not larger than today's, or not positive."""


class InvalidReplicationFactor(CatalogError):
    """More replicas than brokers, or none."""


class DatabaseUnavailable(CatalogError):
    """The database cannot be asked now; of a change it is unknown whether it was made."""


class DatabaseTooNew(CatalogError):
    """The database was migrated by a newer version than this one."""


class UserExists(CatalogError):
    """The user's name is taken."""


class UnknownUser(CatalogError):
    """There is no user of that name."""


class LoginEnded(CatalogError):
    """What whoever asks logged in with is there no more."""


class UnknownApiKey(CatalogError):
    """There is no API key of that id."""


class UnknownDelegationToken(CatalogError):
    """There is no delegation token of that id."""
