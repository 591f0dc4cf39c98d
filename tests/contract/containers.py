"""Containers of Azurite's, and SAS that let in."""

import uuid
from datetime import UTC, datetime, timedelta

from azure.storage.blob import ContainerSasPermissions, generate_container_sas
from azure.storage.blob.aio import BlobServiceClient


def signed(connection: str, container: str) -> str:
    """A SAS for a container that is good for an hour."""
    said = dict(part.split("=", 1) for part in connection.strip(";").split(";"))
    return generate_container_sas(
        said["AccountName"],
        container,
        said["AccountKey"],
        permission=ContainerSasPermissions(read=True, create=True, write=True, list=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )


async def made(connection: str) -> str:
    """The URL of a new container, with a SAS."""
    name = f"backups-{uuid.uuid4().hex}"
    async with BlobServiceClient.from_connection_string(connection) as service:
        await service.create_container(name)
        return f"{service.url.rstrip('/')}/{name}?{signed(connection, name)}"
