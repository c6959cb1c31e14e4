"""What the API is, for programs: OpenAPI 3.1. A test asks the running API for what it says here."""

from typing import Any

_TEXT = {"type": "string", "minLength": 1, "maxLength": 320}
_MOMENT = {"type": "string", "format": "date-time"}
_COUNT = {"type": "integer", "minimum": 0}


def _object(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def _body(*one_of: str, confirm: bool = False) -> dict[str, Any]:
    """Just one of these fields; with ``confirm`` also the word that says it is meant."""
    more: dict[str, Any] = {"confirm": {"const": "erase"}} if confirm else {}
    schemas = [
        _object(name, *more, **{name: _TEXT}, **more) | {"additionalProperties": False} for name in one_of
    ]
    return {"required": True, "content": {"application/json": {"schema": {"oneOf": schemas}}}}


def _answers(what: str, schema: dict[str, Any], *codes: int) -> dict[str, Any]:
    problem = {"$ref": "#/components/responses/Problem"}
    return {
        "200": {"description": what, "content": {"application/json": {"schema": schema}}},
        **{str(code): problem for code in (401, 403, 405, 408, 409, 413, 415, 421, 422, 429, 503, *codes)},
    }


def _query(name: str, most: int, default: int) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return {"name": name, "in": "query", "schema": schema}


def _get(what: str, schema: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    return {"get": {"summary": what, "parameters": list(parameters), "responses": _answers(what, schema)}}


def _post(what: str, body: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    return {"post": {"summary": what, "requestBody": body, "responses": _answers(what, schema, 400)}}


_CHANGED = _object("changed", changed={"type": "boolean"})

DESCRIPTION: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Cartwake", "version": "1", "description": "Abandoned carts: what is due, why, what it earns"},
    "servers": [{"url": "/api/v1"}],
    "security": [{"token": []}],
    "paths": {
        "/openapi.json": _get("This description", {"type": "object"}),
        "/carts/due": _get(
            "The carts whose timers are due first",
            _object(
                "at", "timers", "in_hand", "carts",
                at=_MOMENT, timers=_COUNT, in_hand=_COUNT,
                carts={"type": "array", "items": _object("cart", "due", cart={"type": "string"}, due=_MOMENT)},
            ),
            _query("limit", 500, 100),
        ),
        "/report": _get(
            "What mails earned, as `cartwake report` says it",
            _object("days", "figures", days=_COUNT, figures={"type": "object"}),
            _query("days", 90, 30),
        ),
        "/explain": _post(
            "Why a cart got a mail or none, and what would happen now",
            _body("customer", "address", "cart"),
            _object("at", "carts", at=_MOMENT, carts={"type": "array", "items": {"type": "object"}}),
        ),
        "/opt-outs": _post("Never mail an address again", _body("address"), _CHANGED),
        "/opt-outs/remove": _post("Mail an address again", _body("address"), _CHANGED),
        "/erase": _post(
            "Take a person out of Cartwake's tables; this can't be undone",
            _body("customer", "address", confirm=True),
            _object(
                "dry_run", "rows", "clicks", "notes", "busy", "said",
                dry_run={"type": "boolean"}, rows=_COUNT, clicks=_COUNT, notes=_COUNT,
                busy={"type": "array", "items": _COUNT}, said={"type": "array", "items": {"type": "string"}},
            ),
        ),
    },
    "components": {
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        "responses": {
            "Problem": {
                "description": "What is wrong (RFC 9457)",
                "content": {
                    "application/problem+json": {
                        "schema": _object("title", "status", title={"type": "string"}, status=_COUNT)
                    }
                },
            }
        },
    },
}  # fmt: skip
