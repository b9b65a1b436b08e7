"""Settings: where a value comes from, and what is said about one that is wrong."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import BadInput
from core.settings import Settings, load_settings, setting_origins

CONTRACT = {  # variable: (value given, where it arrives, value there)
    "SANSHENG_HOME": ("/srv/sansheng", "home", Path("/srv/sansheng")),
    "SANSHENG_DATABASE_URL": ("postgresql://db/hotline", "database.url", "postgresql://db/hotline"),
    "SANSHENG_PUBLIC_BASE_URL": ("https://hotline.example", "public.base_url", "https://hotline.example"),
    "SANSHENG_TWILIO_ACCOUNT_SID": ("AC123", "twilio.account_sid", "AC123"),
    "SANSHENG_TWILIO_AUTH_TOKEN": ("hush", "twilio.auth_token", SecretStr("hush")),
    "SANSHENG_AGI_HOST": ("0.0.0.0", "agi.host", "0.0.0.0"),
    "SANSHENG_AGI_PORT": ("4600", "agi.port", 4600),
    "SANSHENG_AMI_HOST": ("pbx", "ami.host", "pbx"),
    "SANSHENG_AMI_PORT": ("5039", "ami.port", 5039),
    "SANSHENG_AMI_USER": ("hotline", "ami.user", "hotline"),
    "SANSHENG_AMI_SECRET": ("hush", "ami.secret", SecretStr("hush")),
}


@pytest.fixture(autouse=True)
def _empty_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def value_of(settings, path):
    for name in path.split("."):
        settings = getattr(settings, name)
    return settings


def origin_of(name, environment, file=None):
    listed = setting_origins(load_settings(environment, file), environment, file)
    return next(setting for setting in listed if setting.name == name)


@pytest.mark.parametrize("variable", CONTRACT)
def test_every_variable_scripts_rely_on_works(variable):
    given, path, arrives = CONTRACT[variable]
    assert value_of(load_settings({variable: given}), path) == arrives


def test_variable_beats_file_beats_default(tmp_path):
    file = tmp_path / "sansheng.toml"
    file.write_text('[web]\nport = 9000\nhost = "0.0.0.0"\n')
    loaded = load_settings({"SANSHENG_WEB_PORT": "9001"}, file)
    assert (loaded.web.port, loaded.web.host, loaded.web.threads) == (9001, "0.0.0.0", 8)


def test_file_in_the_working_directory_is_found_before_the_one_in_the_data_folder(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "sansheng.toml").write_text("[web]\nport = 1001\n")
    environment = {"SANSHENG_HOME": str(home)}
    assert load_settings(environment).web.port == 1001
    Path("sansheng.toml").write_text("[web]\nport = 1002\n")
    assert load_settings(environment).web.port == 1002


@pytest.mark.parametrize(
    ("environment", "text", "said"),
    [
        ({"SANSHENG_WEB_PORT": "many"}, "", r"^SANSHENG_WEB_PORT: .*integer"),
        ({}, '[web]\nport = "many"\n', r"sansheng\.toml: web\.port: .*integer"),
        ({}, "[web]\nprot = 1\n", r"sansheng\.toml: web\.prot: there is no such setting"),
        ({}, "[wbe]\nport = 1\n", r"sansheng\.toml: wbe: there is no such setting"),
        ({}, "web = 3\n", r"sansheng\.toml: web: "),
        ({"SANSHENG_WEB_PORT": "80"}, "web = 3\n", r"sansheng\.toml: web: "),
        ({}, "[web\n", r"sansheng\.toml: not readable as TOML: .*line 1"),
        ({"SANSHENG_WEB_TIME_ZONE": "Asia/Shanghi"}, "", r"^SANSHENG_WEB_TIME_ZONE: .*Asia/Shanghai"),
        ({"SANSHENG_WEB_TIME_ZONE": "../../etc"}, "", r"^SANSHENG_WEB_TIME_ZONE: "),
        ({"SANSHENG_SECRET_KEY": "short"}, "", r"^SANSHENG_SECRET_KEY: .*16 characters"),
        ({"SANSHENG_PUBLIC_BASE_URL": "hotline.example"}, "", r"^SANSHENG_PUBLIC_BASE_URL: .*https://"),
        ({"SANSHENG_AGI_PORT": "70000"}, "", r"^SANSHENG_AGI_PORT: "),
    ],
)
def test_a_wrong_value_is_named_by_its_variable_or_its_place_in_the_file(tmp_path, environment, text, said):
    file = tmp_path / "sansheng.toml"
    file.write_text(text)
    with pytest.raises(BadInput) as caught:
        load_settings(environment, file)
    assert re.search(said, str(caught.value)), str(caught.value)


def test_every_wrong_value_is_named_at_once():
    with pytest.raises(BadInput, match=r"(?s)SANSHENG_WEB_PORT.*SANSHENG_JOBS_THREADS"):
        load_settings({"SANSHENG_WEB_PORT": "x", "SANSHENG_JOBS_THREADS": "0"})


def test_a_wrong_database_url_is_named_and_its_password_is_not_repeated():
    with pytest.raises(BadInput, match=r"^SANSHENG_DATABASE_URL: ") as caught:
        load_settings({"SANSHENG_DATABASE_URL": "user:swordfish@db/hotline"})
    assert "swordfish" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"nowhere\.toml: cannot be read"):
        load_settings({}, tmp_path / "nowhere.toml")


def test_variables_an_orchestrator_sets_do_no_harm():
    assert load_settings({"SANSHENG_SERVICE_HOST": "10.0.0.1", "SANSHENG_PORT": "tcp://10.0.0.1:80"})


def test_origins_say_where_each_value_came_from(tmp_path):
    file = tmp_path / "sansheng.toml"
    file.write_text("[web]\nport = 9000\n")
    environment = {"SANSHENG_WEB_THREADS": "4"}
    assert origin_of("web.threads", environment, file).origin == "SANSHENG_WEB_THREADS"
    assert origin_of("web.port", environment, file).origin == str(file)
    assert origin_of("web.host", environment, file).origin == "default"
    assert origin_of("web.port", environment, file).variable == "SANSHENG_WEB_PORT"


def test_every_setting_has_a_description():
    assert [s.name for s in setting_origins(Settings(), {}) if not s.description] == []


def test_no_secret_is_ever_shown():
    environment = {
        "SANSHENG_SECRET_KEY": "swordfish swordfish",
        "SANSHENG_AMI_SECRET": "swordfish",
        "SANSHENG_TWILIO_AUTH_TOKEN": "swordfish",
        "SANSHENG_DATABASE_URL": "postgresql://hotline:swordfish@db/hotline",
    }
    loaded = load_settings(environment)
    assert "swordfish" not in repr(loaded)
    assert "swordfish" not in repr(setting_origins(loaded, environment))
    assert origin_of("database.url", environment).value == "postgresql://hotline:***@db/hotline"


def test_the_data_folder_does_not_move_with_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert load_settings({"SANSHENG_HOME": "here"}).home == tmp_path / "here"
    assert load_settings({"SANSHENG_HOME": "~/there"}).home == tmp_path / "me" / "there"
    assert load_settings({}).home == tmp_path / "me" / ".local/share/sansheng"


def test_sqlite_in_the_data_folder_is_the_default_database():
    assert load_settings({"SANSHENG_HOME": "/srv/x"}).database_url == "sqlite:////srv/x/sansheng.db"


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("SANSHENG_SHIFT_HOURS", "8-17", "08:00-16:00"),
        ("SANSHENG_SHIFT_HOURS", "24:00-08:00", "08:00-16:00"),
        ("SANSHENG_WALL_QUEUE_LENGTH", "2", "end at less than what raises it"),
    ],
)
def test_shifts_are_spans_and_an_alarm_ends_lower_than_it_begins(variable, value, told):
    with pytest.raises(BadInput, match=told):
        load_settings({variable: value})


def test_shifts_may_go_over_midnight():
    spans = load_settings({"SANSHENG_SHIFT_HOURS": "08:00-20:00, 20:00-08:00"}).shift.spans
    assert [(begin.hour, end.hour) for begin, end in spans] == [(8, 20), (20, 8)]
