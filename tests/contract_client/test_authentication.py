"""Section 2: registration, login, sessions, and which key opens which door."""

from __future__ import annotations

import base64
import json

import pytest
from tests.contract_client.client import API, NIL, PASSWORD, Person, World, fresh
from tests.contract_client.objects import USER
from tests.contract_client.shapes import fits

pytestmark = pytest.mark.server


@pytest.mark.parametrize(
    ("path", "message"), [("register", "Registration is enabled"), ("login", "Native login is enabled")]
)
def test_what_is_enabled_can_be_asked_by_anybody(world: World, path: str, message: str) -> None:
    answer = world.nobody.send("GET", f"/authentication/{path}")
    assert (answer.status_code, answer.json()) == (200, {"enabled": True, "message": message})


def test_registration_signs_in_with_the_default_roles(world: World) -> None:
    name = fresh("reg")
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    answer = world.nobody.send("POST", "/authentication/register", json=body)
    assert answer.status_code == 201
    assert answer.json()["message"] == "Registration successful"
    user = answer.json()["user"]
    fits(user, USER)
    assert (user["display_name"], user["auth_source"], user["is_admin"]) == (name, "native", False)
    assert set(user["roles"]) == {"StandardUser", "BackgroundInferenceUser"}
    cookie = answer.headers["set-cookie"]
    for attribute in ("Path=/", "HttpOnly", "Secure", "SameSite=strict", "Max-Age=86400"):
        assert attribute.lower() in cookie.lower()
    raw = cookie.partition(";")[0].partition("=")[2]
    head, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in raw.split(".")[:2])
    assert (head["alg"], claims["sub"], set(claims)) == ("HS256", user["id"], {"sub", "iat", "exp"})
    person = Person(world.address, {"cookie": f"control_layer_session={raw}"})
    assert person.get("/users/current")["id"] == user["id"]

    taken = {**body, "email": f"{fresh('reg')}@example.org"}
    assert world.nobody.send("POST", "/authentication/register", json=taken).status_code == 409
    known = {**body, "username": fresh("reg")}
    assert world.nobody.send("POST", "/authentication/register", json=known).status_code == 400


@pytest.mark.parametrize(
    ("password", "message"),
    [("short", "Password must be at least 8 characters"), ("é" * 33, "Password must be no more than 64 characters")],
)
def test_passwords_are_measured_in_bytes(world: World, password: str, message: str) -> None:
    name = fresh("reg")
    body = {"username": name, "email": f"{name}@example.org", "password": password}
    answer = world.nobody.send("POST", "/authentication/register", json=body)
    assert (answer.status_code, answer.text) == (400, message)


def test_login_does_not_say_what_was_wrong(world: World) -> None:
    made = {"username": fresh("x"), "email": f"{fresh('x')}@example.org", "roles": []}
    world.admin.must("POST", "/users", made, status=201)
    email = world.admin.get("/users/current")["email"]
    for body in (
        {"email": email, "password": "wrong password"},
        {"email": "no@example.org", "password": PASSWORD},
        {"email": made["email"], "password": PASSWORD},
    ):
        answer = world.nobody.send("POST", "/authentication/login", json=body)
        assert (answer.status_code, answer.text) == (401, "Invalid email or password")


def test_login_password_change_and_logout(world: World) -> None:
    person = world.person()
    email = person.get("/users/current")["email"]
    change = "/authentication/password-change"
    wrong = person.send("POST", change, json={"current_password": "wrong one", "new_password": "another password"})
    assert wrong.status_code == 401
    short = person.send("POST", change, json={"current_password": PASSWORD, "new_password": "short"})
    assert (short.status_code, short.text) == (400, "Password must be at least 8 characters")
    assert world.nobody.send("POST", change, json={"current_password": "a", "new_password": "b"}).status_code == 401
    done = person.send("POST", change, json={"current_password": PASSWORD, "new_password": "another password"})
    assert (done.status_code, done.json()) == (200, {"message": "Password changed successfully"})
    login = {"email": email, "password": "another password"}
    answer = world.nobody.send("POST", "/authentication/login", json=login)
    assert (answer.status_code, answer.json()["message"]) == (200, "Login successful")
    fits(answer.json()["user"], USER)
    out = world.nobody.send("POST", "/authentication/logout")
    assert (out.status_code, out.json()) == (200, {"message": "Logout successful"})
    cookies = out.headers.get_list("set-cookie")
    assert len(cookies) == 2
    assert all("max-age=0" in cookie.lower() for cookie in cookies)


def test_password_resets_tell_nothing(world: World) -> None:
    answer = world.nobody.send("POST", "/authentication/password-resets", json={"email": "no@example.org"})
    text = "If an account with that email exists, a password reset link has been sent."
    assert (answer.status_code, answer.json()) == (200, {"message": text})
    confirm = {"token": "x", "new_password": "another password"}
    answer = world.nobody.send("POST", f"/authentication/password-resets/{NIL}/confirm", json=confirm)
    assert (answer.status_code, answer.text) == (400, "Invalid or expired reset token")


def test_each_purpose_of_a_key_opens_its_own_door(world: World) -> None:
    owner = world.person("PlatformManager")
    platform, realtime = (world.key_holder(owner, purpose=purpose) for purpose in ("platform", "realtime"))
    paths = [f"{API}/users/current", "/admin/openapi.json", "/ai/openapi.json", "/ai/v1/models"]
    assert [platform.send("GET", path).status_code for path in paths] == [200, 200, 200, 403]
    assert [realtime.send("GET", path).status_code for path in paths] == [401, 200, 200, 200]
    plain = world.key_holder(world.person(), purpose="realtime")
    assert plain.send("GET", "/admin/openapi.json").status_code == 403


def test_roles_are_read_anew_for_every_request_and_a_deleted_persons_session_is_void(world: World) -> None:
    person = world.person("PlatformManager")
    key = world.key_holder(person, purpose="platform")
    assert [caller.call("GET", "/groups").status_code for caller in (person, key)] == [200, 200]
    world.admin.must("PATCH", f"/users/{person.id}", {"roles": []}, status=200)
    assert [caller.call("GET", "/groups").status_code for caller in (person, key)] == [403, 403]
    world.admin.must("DELETE", f"/users/{person.id}", status=204)
    assert [caller.call("GET", "/users/current").status_code for caller in (person, key)] == [401, 401]
