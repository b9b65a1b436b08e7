"""Languages: the right text for whoever looks, and English where no Chinese exists."""

import threading

import pytest

from core import i18n


@pytest.fixture(autouse=True)
def _catalogue(monkeypatch):
    texts = {"zh_CN": {"call %(id)s": "通话 %(id)s", "Queue": "队列"}, "en": {}}
    monkeypatch.setattr(i18n, "catalogue", texts.__getitem__)
    with i18n.use_locale("zh_CN"):
        yield


def test_text_is_in_the_language_of_the_work_around_it():
    assert i18n.gettext("Queue") == "队列"
    with i18n.use_locale("en"):
        assert i18n.gettext("Queue") == "Queue"
        with i18n.use_locale("zh_CN"):
            assert i18n.gettext("call %(id)s", id=7) == "通话 7"
        assert i18n.current_locale() == "en"
    assert i18n.current_locale() == "zh_CN"


def test_the_language_is_put_back_when_the_work_fails():
    with pytest.raises(RuntimeError), i18n.use_locale("en"):
        raise RuntimeError
    assert i18n.current_locale() == "zh_CN"


def test_an_unknown_language_falls_back_to_chinese():
    with i18n.use_locale("tlh"):
        assert i18n.gettext("Queue") == "队列"


def test_a_text_without_translation_stays_english_and_percent_signs_are_harmless():
    assert i18n.gettext("100% done") == "100% done"


def test_one_threads_language_is_not_anothers():
    seen = []
    with i18n.use_locale("en"):
        thread = threading.Thread(target=lambda: seen.append(i18n.current_locale()))
        thread.start()
        thread.join()
    assert seen == ["zh_CN"]


def test_work_that_inherits_no_language_speaks_the_installations():
    seen = []
    i18n.install_locale("en")
    thread = threading.Thread(target=lambda: seen.append(i18n.gettext("the audit trail is whole")))
    thread.start()
    thread.join(10)
    assert seen == ["the audit trail is whole"]
