"""Logs a user in at the tenant of `auth0-mfa-lab serve`: allow the push from another terminal."""

import os
import sys
import time

import httpx
from login import log_in

app = {"client_id": os.environ["AUTH0_CLIENT_ID"], "client_secret": os.environ["AUTH0_CLIENT_SECRET"]}
# SSL_CERT_FILE of the same file names the certificates: httpx reads it by itself.
http = httpx.Client(base_url=f"https://{os.environ['AUTH0_DOMAIN']}")
lab = {"authorization": f"Bearer {os.environ['AUTH0_LAB_TOKEN']}"}
user = http.post("/_lab/users", json={"factors": ["push"]}, headers=lab).json()


def wait(seconds: float) -> None:
    sys.stdout.write("Look at your phone: a push is there.\n")
    sys.stdout.flush()
    time.sleep(seconds)


answer = log_in(http, app, user["username"], user["password"], wait=wait)
sys.stdout.write(f"{answer.status_code}: {', '.join(answer.json())}\n")
