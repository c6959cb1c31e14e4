"""What an operator sees of a running service in his browser: the dashboard, and the door that the API uses too.

Served on ADMIN_PORT and nowhere else, always behind ADMIN_TOKEN. Needs starlette and uvicorn, and is imported only
where it is served. Reads; whatever it asks MySQL, it asks by sessions of its own.
"""
