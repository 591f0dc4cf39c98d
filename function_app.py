"""The table of contents of the service: one HTTP trigger for each endpoint, and timers.

Each endpoint has a literal path and takes every method, so that the host's order of routes never matters, and 404,
405 and 501 are the service's own, with a SCIM body.
"""

import gc
import os
from functools import cache

import azure.functions as func

from scim import monitoring
from scim.app import App
from scim.handlers import Request
from scim.settings import Settings

SETTINGS = Settings.read(os.environ, strict=False)  # now, so that a wrong one stops the start with a sentence

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@app.route(route="scim/{provider}/v2/Users/{*rest}", methods=METHODS)
async def users(req: func.HttpRequest) -> func.HttpResponse:
    """Users (RFC 7644 §3), and ``Users/.search``."""
    return await answer(req)


@app.route(route="scim/{provider}/v2/Groups/{*rest}", methods=METHODS)
async def groups(req: func.HttpRequest) -> func.HttpResponse:
    """Groups and their members (RFC 7644 §3), and ``Groups/.search``."""
    return await answer(req)


@app.route(route="scim/{provider}/v2/.search", methods=METHODS)
async def search(req: func.HttpRequest) -> func.HttpResponse:
    """Queries over all types (RFC 7644 §3.4.3)."""
    return await answer(req)


@app.route(route="scim/{provider}/v2/Bulk", methods=METHODS)
async def bulk(req: func.HttpRequest) -> func.HttpResponse:
    """Many operations in one request (RFC 7644 §3.7)."""
    return await answer(req)


@app.route(route="scim/{provider}/v2/Schemas/{*rest}", methods=METHODS)
async def schemas(req: func.HttpRequest) -> func.HttpResponse:
    """The schemas in use (RFC 7644 §4)."""
    return await answer(req)


@app.route(route="scim/{provider}/v2/ResourceTypes/{*rest}", methods=METHODS)
async def resource_types(req: func.HttpRequest) -> func.HttpResponse:
    """The types of resources (RFC 7644 §4)."""
    return await answer(req)


@app.route(route="scim/{provider}/v2/ServiceProviderConfig/{*rest}", methods=METHODS)
async def service_provider_config(req: func.HttpRequest) -> func.HttpResponse:
    """What the service can do (RFC 7644 §4)."""
    return await answer(req)


@app.route(route="scim/{provider}/oauth/{*rest}", methods=METHODS)
async def oauth(req: func.HttpRequest) -> func.HttpResponse:
    """Access tokens for a provider's clients (RFC 6749 §3.2)."""
    return await answer(req)


@app.route(route="health", methods=METHODS)
async def health(req: func.HttpRequest) -> func.HttpResponse:
    """Whether the process lives; nothing else is asked."""
    return await answer(req)


@app.route(route="ready", methods=METHODS)
async def ready(req: func.HttpRequest) -> func.HttpResponse:
    """Whether it can serve: the store, the providers' rows, keys, the place for backups."""
    return await answer(req)


@app.route(route="{*rest}", methods=METHODS)
async def zz_anything_else(req: func.HttpRequest) -> func.HttpResponse:
    """Every other path; the host tries functions in the order of their names, so this one comes last."""
    return await answer(req)


@app.timer_trigger(schedule="0 * * * * *", arg_name="timer", use_monitor=False)
async def housekeeping(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the host wants it named
    """Finish what requests left behind; each minute, so that a missed run need not be made up for."""
    await service().housekeeping.round()


@app.timer_trigger(schedule="0 30 1 * * *", arg_name="timer")
async def retention(timer: func.TimerRequest) -> None:  # noqa: ARG001
    """Take out what was kept for its time; each night, and what a night leaves is the next one's."""
    await service().retention.round()


@app.timer_trigger(schedule="0 10 * * * *", arg_name="timer", use_monitor=False)
async def backup(timer: func.TimerRequest) -> None:  # noqa: ARG001
    """Export what is left of this night's; each hour, so that a night that broke off is gone on with."""
    await service().backup.round()


async def answer(req: func.HttpRequest) -> func.HttpResponse:
    """Hand a request to the service, and its response to the host."""
    headers = {name.lower(): value for name, value in req.headers.items()}
    response = await service().handle(Request(req.method, req.url, headers, req.get_body()))
    return func.HttpResponse(response.body, status_code=response.status.value, headers=dict(response.headers))


@cache
def service() -> App:
    """The service, built at the first request; what is there by then is there to stay, and no garbage."""
    monitoring.begin(os.environ, SETTINGS.identity)
    built = App.build(SETTINGS)
    gc.freeze()
    return built
