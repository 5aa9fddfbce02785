"""``meta.properties``: whose log directory this is, and which one.

Kafka's file of version 1: the cluster, the node, and an id that the directory keeps for life,
wherever it is mounted (KIP-858).

Invariant: a directory of another cluster or node is refused and left as it is.
Called by: log_dir. Calls: files.
"""

import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from storage.errors import WrongLogDir
from storage.files import Disk

META = "meta.properties"


def claim_directory(disk: Disk, directory: Path, *, cluster_id: str, node_id: int) -> str:
    """Return the id of a log directory, which is this node's from now on if it was nobody's.

    Raises:
        WrongLogDir: It belongs to another cluster or node.
        DiskError: The disk failed.
    """
    path = directory / META
    if not disk.exists(path):
        directory_id = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        text = (
            f"version=1\ncluster.id={cluster_id}\nnode.id={node_id}\ndirectory.id={directory_id}\n"
        )
        disk.write_atomically(path, text.encode())
        return directory_id
    lines = disk.read_bytes(path).decode("utf-8", "replace").splitlines()
    found = dict(line.split("=", 1) for line in lines if "=" in line)
    expected = {"version": "1", "cluster.id": cluster_id, "node.id": str(node_id)}
    for name, value in expected.items():
        if found.get(name) != value:
            raise WrongLogDir(
                f"{path} says {name}={found.get(name)}, but this node has {name}={value}; "
                "the directory belongs to another cluster or node"
            )
    if not found.get("directory.id"):
        raise WrongLogDir(f"{path} has no directory.id")
    return found["directory.id"]
