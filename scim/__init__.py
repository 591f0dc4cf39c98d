"""Rollcall: a serverless SCIM 2.0 service provider.

Modules, from the door inwards; each imports only from the lines below its own::

    __main__                                    python -m scim
    cli | local                                 the operator's commands | a host for function_app.py
    cli_migrate                                 rows brought to what this version writes
    cli_backup                                  to where backups go, and back from there
    cli_schemas | cli_transfer                  those about a provider's own schemas | its resources in a file, and back
      | cli_upkeep                              to check, repair and erase
    app | monitoring                            puts the parts together | where telemetry goes
    backup                                      each night's exports
    exporting | importing                       a directory as bulk requests | bulk requests that may break off
    endpoints                                   HTTP in, HTTP out
    beside                                      what is asked without a token
    handlers                                    what each endpoint does
    bulk                                        many operations in one request
    queries | service                           which resources are meant | the verbs of RFC 7644
    memberships                                 the memberships meant, an experiment
    selection                                   the matches of one type, found by the shortest way
    judging                                     does a stored resource match
    representation                              a resource as clients see it
    auth | remodel                              who is asking | other schemas for a provider in use
      | housekeeping | retention                  what requests left behind | what was kept for its time
      | inventory | readiness                     who the providers are, to be kept elsewhere | can we serve
    providers                                   provisioning providers
    rounds                                      providers visited in turn
    credentials                                 the tokens that open them
    storage                                     one directory per provider, over a port of three calls
    changes                                     the record of every write
    patch | projection | discovery              what to change, what to show, what we are
    jobs | openapi                              the operations of a bulk request | the service described in OpenAPI
    planning | sensitive | sorting              where to look | what no URL should hold | in which order
    dialects | links                            how clients really write SCIM | what a PATCH does to members
    parameters | references                     what requests may carry, as OpenAPI describes it | bulkIds in values
    folding                                     what a filter comes to for a whole type
    edits | quirks | steps                      changes of one value | the quirks one by one | operations taken apart
      | extending                                 the standard's schemas with a provider's own
    matching | resources                        filters against resources | JSON to canonical resources
      | custom | schema_changes                   a provider's own schemas as written | what changes with them
    shapes                                      the schema table as JSON Schema
    characteristics | declared                  what a resource must be | what a provider's own attribute may be
      | bulk_lines                                bulk requests in a file
    filters | media | messages                  text to trees | bytes to JSON | the RFC's shapes
    normal_forms | preconditions | values       how strings are compared | versions asked for | single values
    experimental                                what is served of drafts
    blobs                                       a container for backups
    cursors | instants                          where the next page begins, sealed | points in time
      | pacing | timers                           how much of a process one provider may have | what is due by time
      | places                                    where backups go
    schema                                      the one truth about attributes
    profiles                                    how tolerant to be, and of what
    errors | ordering | settings | telemetry    nothing of SCIM's own above this line
      | identity | instruments                    who we are to Azure | what goes on, in OpenTelemetry's terms
    describing | observing                      errors without their texts | what goes on, for whoever observes it
"""
