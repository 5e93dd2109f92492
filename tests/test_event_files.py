"""Recordings in files: tiny ones in the exact formats are read back event by event, damaged ones refused by name."""

import multiprocessing
import os
import pickle
import struct
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from brianff import datasets, plotting
from brianff.datasets import Cochlea, aedat, from_spikes, from_tonic, from_wav, nmnist, wav
from brianff.errors import BrianffError, OptionError, speaking_of_options
from brianff.hashes import data_digest
from brianff.learning.forward_forward import ForwardForward

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
RNG = np.random.default_rng(3)


@pytest.fixture(autouse=True)
def options_and_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("BRIANFF_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("BRIANFF_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    with speaking_of_options():
        yield


def refused(message, call, *args, **more):
    with pytest.raises(BrianffError, match=message) as raised:
        call(*args, **more)
    return str(raised.value)


# -- N-MNIST ---------------------------------------------------------------------------------------------------------
def event(x, y, polarity, time):
    return bytes([x, y, polarity << 7 | time >> 16, time >> 8 & 255, time & 255])


def write_nmnist(root, n_train=2, n_test=1):
    """The folders of N-MNIST with recordings of a few events, and these: path -> list of (x, y, polarity, time)."""
    written = {}
    for part, n in (("Train", n_train), ("Test", n_test)):
        for number in range(n):
            for digit in range(10):
                folder = root / part / str(digit)
                folder.mkdir(parents=True, exist_ok=True)
                times = np.sort(RNG.integers(0, 2**23, 5))
                events = [(*map(int, RNG.integers(0, 34, 2)), int(RNG.integers(2)), int(t)) for t in times]
                path = folder / f"{number:05}.bin"
                path.write_bytes(b"".join(event(*one) for one in events))
                written[path] = events
    return written


def test_nmnist_is_read_event_by_event(tmp_path):
    written = write_nmnist(tmp_path / "data" / "NMNIST")
    for data in (datasets.load("nmnist", data=tmp_path / "data"), datasets.load("nmnist")):
        assert data.image_shape == (34, 34) and data.n_channels == 34 * 34 * 2 and data.source.latest() is None
        assert [len(part) for part in (data.train, data.validation, data.test)] == [19, 1, 10]
        assert data.source.sizes().tolist() == [5] * 30
        for sample, (path, events) in enumerate(written.items()):
            times, channels = data.source.read(sample)
            np.testing.assert_allclose(times, [t * 1e-6 for *_, t in events], rtol=1e-12)
            assert channels.tolist() == [(y * 34 + x) * 2 + p for x, y, p, _ in events]
            assert data.labels[sample] == int(path.parent.name)
    assert set(data.test) == set(range(20, 30))


def test_the_clock_of_nmnist_runs_over(tmp_path):
    """Later times are later by 2^13 microseconds, and the event that says so is none."""
    path = tmp_path / "one.bin"
    path.write_bytes(
        event(1, 2, 1, 8000) + event(0, 240, 0, 0) + event(3, 4, 0, 10) + event(9, 240, 1, 3) + event(5, 6, 1, 1)
    )
    x, y, polarity, time = nmnist.read_recording(path)
    assert (x.tolist(), y.tolist(), polarity.tolist()) == ([1, 3, 5], [2, 4, 6], [1, 0, 1])
    assert time.tolist() == [8000, 8192 + 10, 16384 + 1]


def test_events_out_of_order_are_sorted_and_none_is_lost(tmp_path):
    path = tmp_path / "one.bin"
    path.write_bytes(event(1, 1, 0, 9) + event(2, 2, 0, 3) + event(3, 3, 1, 9) + event(4, 4, 1, 3))
    x, *_, time = nmnist.read_recording(path)
    assert x.tolist() == [2, 4, 1, 3] and time.tolist() == [3, 3, 9, 9]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (event(1, 2, 0, 3) + b"\x01\x02", "is truncated, .*: 2 bytes are left at byte 5, and an event has 5"),
        (event(1, 2, 0, 3) + event(34, 2, 0, 3), "is damaged, .* at byte 5 is at x=34, y=2, outside of 34 x 34"),
        (event(1, 34, 0, 3), "is damaged, .* at byte 0 is at x=1, y=34"),
        (b"RIFF\x00\x00\x00\x00WA", "is damaged, or no recording of N-MNIST: the event at byte 0 is at x=82"),
    ],
)
def test_damaged_recordings_of_nmnist_are_refused(content, message, tmp_path):
    write_nmnist(tmp_path)
    path = tmp_path / "Train" / "0" / "00000.bin"
    path.write_bytes(content)
    data = datasets.load("nmnist", data=tmp_path)
    said = refused(message, data.shown(np.array([0]), 10, 1.0).read)
    assert str(path) in said and "take it out of the folder" in said and "\n" not in said


def test_folders_of_nmnist_that_are_missing_or_empty_are_named(tmp_path):
    written = write_nmnist(tmp_path)
    for path in written:
        if path.parent == tmp_path / "Test" / "7":
            path.unlink()
    assert str(tmp_path / "Test" / "7") in refused("holds no recording", datasets.load, "nmnist", data=tmp_path)
    (tmp_path / "Test" / "7").rmdir()
    assert "(lacks Test/7)" in refused("N-MNIST .* was not found", datasets.load, "nmnist", data=tmp_path)
    refused("does not exist or is a file", datasets.load, "nmnist", data=tmp_path / "nowhere")
    refused("'nmnist' is not downloaded", datasets.load, "nmnist", download=True)
    with pytest.raises(OptionError, match="does not say who .*: leave out --test-group"):
        write_nmnist(tmp_path / "again")
        datasets.load("nmnist", data=tmp_path / "again", test_group=("a",))


@pytest.mark.skipif(not (SHARED / "nmnist-small").is_dir(), reason="needs ../shared/data/nmnist-small")
def test_no_event_of_the_real_recordings_is_lost():
    data = datasets.load("nmnist", data=SHARED / "nmnist-small")
    assert (len(data.train) + len(data.validation), len(data.test)) == (1000, 100)
    bytes_in_all = sum(path.stat().st_size for path in (SHARED / "nmnist-small").glob("T*/*/*.bin"))
    counts = [data.shown(np.arange(k, k + 100), 34, 0.01).read().count.sum() for k in range(0, 1100, 100)]
    assert 5 * sum(counts) == bytes_in_all == 5 * 4518827


# -- sound -----------------------------------------------------------------------------------------------------------
def write_wav(path, values, rate=8000, width=2, channels=1):
    """`values`: whole numbers of `width` bytes, one frame after the other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        signed = width > 1
        file.writeframes(b"".join(int(v).to_bytes(width, "little", signed=signed) for v in values))
    return path


def tone(frequency, seconds=0.2, rate=8000, loudness=8000):
    return loudness * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


@pytest.mark.parametrize(("width", "low", "high"), [(1, 0, 255), (2, -(2**15), 2**15 - 1), (3, -(2**23), 2**23 - 1),
                                                   (4, -(2**31), 2**31 - 1)])  # fmt: skip
def test_samples_of_every_width_are_read_byte_by_byte(width, low, high, tmp_path):
    values = [low, high, (low + high + 1) // 2, *RNG.integers(low, high, 5)]
    sound, rate = wav.read_wav(write_wav(tmp_path / "one.wav", values, 11025, width))
    middle, scale = (128, 128) if width == 1 else (0, 2 ** (8 * width - 1))
    assert rate == 11025 and sound.dtype == np.float32
    np.testing.assert_allclose(sound, (np.array(values, float) - middle) / scale, atol=1e-7)
    stereo, _ = wav.read_wav(write_wav(tmp_path / "two.wav", values, 11025, width, channels=2))
    np.testing.assert_allclose(stereo, sound.reshape(-1, 2).mean(axis=1), atol=1e-7)


def damaged(path, change):
    content = path.read_bytes()
    path.write_bytes(change(content))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c[:-100], "is truncated: its header promises 1600 frames of 2 bytes, and it ends after 1550"),
        (lambda c: c[:20], "is no WAV file of PCM samples .it ends too early"),
        (lambda c: b"", "is no WAV file of PCM samples .it ends too early"),
        (lambda c: b"OggS" + c[4:], "is no WAV file of PCM samples .*RIFF.*Convert it, as by ffmpeg"),
        (lambda c: c[:20] + struct.pack("<H", 3) + c[22:], "is no WAV file of PCM samples .unknown format: 3"),
    ],
)
def test_damaged_sound_is_refused(change, message, tmp_path):
    path = write_wav(tmp_path / "one.wav", tone(500))
    damaged(path, change)
    assert str(path) in refused(message, wav.read_wav, path)


def test_other_sound_that_cannot_be_read(tmp_path):
    refused("holds no sound", wav.read_wav, write_wav(tmp_path / "one.wav", []))
    refused("nowhere.wav cannot be read: No such file", wav.read_wav, tmp_path / "nowhere.wav")
    refused("nowhere.wav cannot be read: No such file", wav.SoundFiles, [tmp_path / "nowhere.wav"])
    slow = write_wav(tmp_path / "slow.wav", tone(500), rate=4000)
    refused("has 4000 samples a second, too few for a filter at 3600 Hz: give Cochlea.* 2000", wav.SoundFiles, [slow])


def test_a_tone_spikes_where_its_frequency_is():
    cochlea = Cochlea(channels=32)
    for frequency in (300, 1000, 2500):
        times, channels = cochlea.spikes(tone(frequency).astype(np.float32), 8000)
        counts = np.bincount(channels, minlength=32)
        assert abs(counts.argmax() - np.abs(cochlea.centres - frequency).argmin()) <= 1
        assert np.all(np.diff(times) >= 0) and times.min() >= 0 and times.max() < 0.25
    np.testing.assert_allclose(cochlea.centres[[0, -1]], [150, 3600])


def test_spikes_follow_the_integral_of_the_rate_and_not_the_loudness():
    """Counts are those of the integral; a recording ten times as loud has the same spikes; silence has none."""
    cochlea, sound = Cochlea(channels=8), tone(700) + tone(1500, loudness=2000)
    times, channels = cochlea.spikes(sound, 8000)
    rates = cochlea.rates(*cochlea.envelopes(sound, 8000)) * cochlea.max_rate
    np.testing.assert_array_equal(np.bincount(channels, minlength=8), np.floor(0.5 + rates.sum(axis=1) * 1e-3))
    louder, of_louder = cochlea.spikes(10 * sound, 8000)
    assert np.array_equal(channels, of_louder) and np.allclose(times, louder, atol=1e-5)
    assert len(cochlea.spikes(0 * sound, 8000)[0]) == 0
    assert np.all(np.bincount(Cochlea(channels=8, adaptation=0).spikes(sound, 8000)[1]) >= np.bincount(channels))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (dict(channels=0), "channels=0 in place of a number above 0"),
        (dict(channels=2.5), "channels=2.5 in place of a whole number"),
        (dict(max_rate=-1), "max_rate=-1 in place of a number of at least 0"),
        (dict(range_db="40"), "range_db='40'"),
        (dict(tau_adaptation=float("nan")), "tau_adaptation=nan"),
        (dict(lowest=4000), "lowest=4000 Hz lies above highest=3600 Hz"),
        (dict(adaptation=1), "adaptation=1 in place of a number below 1"),
    ],
)
def test_parameters_of_the_cochlea_are_checked(parameters, message):
    refused(message, Cochlea, **parameters)


def write_words(root, n=6):
    """Two classes of tones, by three speakers."""
    files = [write_wav(root / word / f"{k}.wav", tone(f + 40 * k, 0.05)) for word, f in (("high", 2000), ("low", 300))
             for k in range(n)]  # fmt: skip
    return files, np.repeat([0, 1], n), np.tile(["ann", "bob", "cy"], 2 * n // 3)


def test_a_folder_of_folders_of_sound_is_a_data_set(tmp_path):
    files, labels, speakers = write_words(tmp_path / "words")
    data = from_wav(tmp_path / "words", cochlea=Cochlea(channels=8), test=4, validation=2)
    assert data.classes == ("high", "low") and data.labels.tolist() == labels.tolist() and data.n_channels == 8
    assert [len(part) for part in (data.train, data.validation, data.test)] == [6, 2, 4]
    listed = from_wav(files, labels, cochlea=Cochlea(channels=8), groups=speakers, test_group=["bob"],
                      validation_group=["cy"], classes=["high", "low"])  # fmt: skip
    assert set(speakers[listed.test]) == {"bob"} and set(speakers[listed.validation]) == {"cy"}
    assert set(speakers[listed.train]) == {"ann"} and data_digest(listed) != data_digest(data)
    for sample, path in enumerate(files):
        times, channels = Cochlea(channels=8).spikes(*wav.read_wav(path))
        for read in (data.source.read(sample), listed.source.read(sample)):
            assert np.array_equal(read[0], times.astype(float)) and np.array_equal(read[1], channels)
    mean = [data.source.read(k)[1].mean() for k in range(len(files))]
    assert min(mean[:6]) > max(mean[6:])


def test_spikes_are_computed_once_and_again_when_a_file_changes_or_they_are_damaged(tmp_path, monkeypatch):
    files, labels, _ = write_words(tmp_path / "words")
    computed = []
    monkeypatch.setattr(wav, "read_wav", lambda path, read=wav.read_wav: (computed.append(path), read(path))[1])
    first = wav.SoundFiles(files)
    again = wav.SoundFiles(files)
    assert len(computed) == 12 and first.folder == again.folder
    last = [first.read(k)[0].max() for k in range(12)]
    assert last[first.latest()] == max(last) and first.sizes().tolist() == [len(first.read(k)[0]) for k in range(12)]
    copied = pickle.loads(pickle.dumps(first))
    assert len(pickle.dumps(first)) < 20_000 and np.array_equal(copied.read(3), first.read(3))
    third = first.read(3)
    for damage in (lambda: os.truncate(first.folder / "times", 8), lambda: (first.folder / "start").unlink()):
        damage()
        assert np.array_equal(wav.SoundFiles(files).read(3), third)
    assert len(computed) == 36
    refused("times has been cut short: start again", copied.read, 3)
    write_wav(files[3], tone(1000, 0.06))
    assert not np.array_equal(wav.SoundFiles(files).sizes(), first.sizes()) and len(computed) == 48
    assert [path.name for path in first.folder.parent.iterdir() if path.name.startswith("brianff-")] == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (dict(labels=[0, 1]), "labels: 2 labels for 12 samples"),
        (dict(groups=["a"]), "groups: 1 for 12 files"),
        (dict(test_group=["dora"]), "no group 'dora' .--test-group.: choose from ann, bob, cy"),
        (dict(test_group=["bob"], validation_group=["bob"]), "bob is in --test-group and in --validation-group"),
        (dict(test_group=["bob"], validation_group=["ann", "cy"]), "leave no training samples"),
        (dict(groups=None, test_group=["bob"]), "does not say who its samples are of: leave out --test-group"),
        (dict(validation_group=["ann"], validation=3), "--validation 3 and --validation-group ann: give only one"),
    ],
)
def test_mistakes_in_sound_and_groups_are_one_sentence(more, message, tmp_path):
    files, labels, speakers = write_words(tmp_path / "words")
    assert "\n" not in refused(message, from_wav, files, **dict(labels=labels, groups=speakers) | more)


def test_folders_of_sound_that_cannot_be_meant(tmp_path):
    write_words(tmp_path / "words")
    refused("labels: the folders of a folder are its classes", from_wav, tmp_path / "words", [0, 1])
    refused("has 0 folders with WAV files", from_wav, tmp_path / "words" / "high")
    refused("nowhere does not exist", from_wav, tmp_path / "nowhere")
    refused("files: there is none", from_wav, [], [])


# -- spoken digits ---------------------------------------------------------------------------------------------------
def write_digits(folder, numbers=range(8)):
    for digit in range(10):
        for speaker in ("ann", "bob"):
            for number in numbers:
                write_wav(folder / f"{digit}_{speaker}_{number}.wav", tone(200 + 300 * digit, 0.02))


def test_spoken_digits_have_their_official_split_and_speakers(tmp_path):
    write_digits(tmp_path / "fsdd" / "recordings")
    data = datasets.load("spoken-digits", data=tmp_path, validation=10)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [50, 10, 100]
    assert data.classes[3] == "three" and data.name == "spoken-digits"
    assert np.bincount(data.labels[data.test]).tolist() == [10] * 10
    (tmp_path / "fsdd").rename(tmp_path / "moved")
    again = datasets.load("spoken-digits", data=tmp_path / "moved", validation=10)
    assert data_digest(again) == data_digest(data)  # a run goes on, wherever the files lie
    one_out = datasets.load("spoken-digits", data=tmp_path / "moved", test_group=("bob",), validation=0)
    assert set(one_out.groups[one_out.test]) == {"bob"} and len(one_out.test) == 80
    assert set(one_out.groups[one_out.train]) == {"ann"} and len(one_out.train) == 80


def test_what_is_no_folder_of_spoken_digits(tmp_path):
    write_digits(tmp_path / "recordings", range(5))
    refused("has 100 recordings, 0 of them numbered from 5 on", datasets.load, "spoken-digits", data=tmp_path)
    write_wav(tmp_path / "recordings" / "hello.wav", [1])
    refused("hello.wav is not named DIGIT_SPEAKER_NUMBER.wav", datasets.load, "spoken-digits", data=tmp_path)
    said = refused("was not found in any of these", datasets.load, "spoken-digits")
    assert "Get it from github.com/Jakobovski" in said and "BRIANFF_DATA" in said


@pytest.mark.skipif(not (SHARED / "fsdd").is_dir(), reason="needs ../shared/data/fsdd")
def test_real_recordings_become_spikes_that_tell_the_digits_apart():
    files = sorted((SHARED / "fsdd" / "recordings").glob("[017]_*_?.wav"))
    labels = np.array(["017".index(path.name[0]) for path in files])
    data = from_wav(files, labels, cochlea=Cochlea(channels=24), test=0.3)
    counts = np.sqrt(data.shown(np.arange(len(files)), 3, 0.5).read().counts())
    readout = LogisticRegression(max_iter=500).fit(counts[data.train], labels[data.train])
    assert readout.score(counts[data.test], labels[data.test]) > 0.8


# -- Heidelberg files ------------------------------------------------------------------------------------------------
def write_heidelberg(path, n=24, n_classes=20, speakers=range(6), seed=0, most=40, **more):
    """A file as zenkelab.org has them: (times, units) of every recording."""
    h5py = pytest.importorskip("h5py", reason="needs h5py: pip install 'brianff[events]'")
    rng = np.random.default_rng(seed)
    trains = [(np.sort(rng.random(k)).astype(np.float16), rng.integers(0, 700, k)) for k in rng.integers(0, most, n)]
    with h5py.File(path, "w") as file:
        for name, kind, place in (("times", np.float16, 0), ("units", np.uint16, 1)):
            values = file.create_dataset(f"spikes/{name}", (n,), h5py.vlen_dtype(kind), **more)
            for k, train in enumerate(trains):
                values[k] = train[place].astype(kind)
        file["labels"] = (np.arange(n) % n_classes).astype(np.uint16)
        file["extra/speaker"] = np.resize(list(speakers), n).astype(np.uint16)
        file["extra/keys"] = np.array([f"word {k}" for k in range(n_classes)], "S")
    return trains


def write_shd(root, **more):
    root.mkdir(parents=True, exist_ok=True)
    train = write_heidelberg(root / "shd_train.h5", 60, **more)
    return train + write_heidelberg(root / "shd_test.h5", 24, speakers=(0, 4, 7), seed=1, **more)


@pytest.mark.parametrize("more", [{}, dict(chunks=(7,)), dict(chunks=(16,), compression="gzip")], ids=str)
def test_heidelberg_digits_are_read_spike_by_spike(more, tmp_path):
    """However the lists are laid out in the file."""
    trains = write_shd(tmp_path / "shd", **more)
    data = datasets.load("shd", data=tmp_path, validation=0)
    assert data.n_channels == 700 and data.classes[11] == "word 11" and data.test.tolist() == list(range(60, 84))
    assert data.source.sizes().tolist() == [len(times) for times, _ in trains]
    for sample, (times, units) in enumerate(trains):
        read = data.source.read(sample)
        assert (
            read[0].dtype == float and np.array_equal(read[0], times.astype(float)) and np.array_equal(read[1], units)
        )
    shown = data.shown(np.arange(84), 100, 0.01).read()
    assert shown.count.sum() == sum(len(times) for times, _ in trains)


def test_speakers_of_heidelberg_digits_are_held_out_whole(tmp_path):
    write_shd(tmp_path)
    data = datasets.load("shd", data=tmp_path)
    held_out = set(data.groups[data.validation])
    assert len(held_out) == 2 and not held_out & set(data.groups[data.train]) and len(data.test) == 24
    assert {frozenset(of.groups[of.validation]) for of in (datasets.load("shd", data=tmp_path, split_seed=k)
                                                           for k in range(4))} != {frozenset(held_out)}  # fmt: skip
    chosen = datasets.load("shd", data=tmp_path, validation_group=("1", "4"), test_group=("0",))
    assert set(chosen.groups[chosen.validation]) == {"1", "4"} and set(chosen.groups[chosen.test]) == {"0"}
    assert np.all(data.groups[data.test] != "1") and len(chosen.test) == 10 + 8
    refused("no group '9' .--validation-group.: choose from 0, 1, 2, 3, 4, 5, 7", datasets.load, "shd", data=tmp_path,
            validation_group=("9",))  # fmt: skip
    assert len(datasets.load("shd", data=tmp_path, validation=7).validation) == 7


def test_speech_commands_have_a_validation_file(tmp_path):
    for k, (part, n) in enumerate((("train", 70), ("valid", 40), ("test", 35))):
        write_heidelberg(tmp_path / f"ssc_{part}.h5", n, 35, seed=k)
    data = datasets.load("ssc", data=tmp_path)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [70, 40, 35]
    assert data.validation[0] == 70 and data.test[0] == 110
    both = datasets.load("ssc", data=tmp_path, validation=0)
    assert [len(part) for part in (both.train, both.validation, both.test)] == [110, 0, 35]
    refused("'ssc' has a validation file of its own: leave out --validation 5", datasets.load, "ssc", data=tmp_path,
            validation=5)  # fmt: skip


def changed(path, change):
    import h5py

    with h5py.File(path, "r+") as file:
        change(file)


def replaced(name, values):
    def change(file):
        del file[name]
        if values is not None:
            file[name] = values

    return change


def set_train(name, values):
    def change(file):
        file[f"spikes/{name}"][5] = values

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (replaced("labels", None), "lacks labels: it needs spikes/times, spikes/units and labels"),
        (replaced("spikes/units", None), "lacks spikes/units"),
        (
            replaced("spikes/times", np.zeros((60, 3))),
            "holds spikes/times as float64, not as floating-point numbers, an",
        ),
        (replaced("labels", np.zeros(60)), "holds labels as a float64 array of shape .60,., not as a whole number"),
        (replaced("labels", np.zeros(59, int)), "has 59 labels, and spikes/times of shape .60,.: it is damaged"),
        (replaced("labels", np.full(60, 20)), "label 20 of recording 0 is out of range for 20 classes"),
        (replaced("extra/speaker", np.zeros(3, int)), "has 60 labels but 3 speakers"),
        (replaced("extra/keys", np.array(["a", "b"], "S")), "names 2 classes in extra/keys, not 20"),
        (set_train("times", np.zeros(3)), "recording 5 has 3 times for .* units"),
    ],
)
def test_heidelberg_files_that_are_something_else_are_refused(change, message, tmp_path):
    write_shd(tmp_path)
    changed(tmp_path / "shd_train.h5", change)
    said = refused(message, datasets.load, "shd", data=tmp_path)
    assert str(tmp_path / "shd_train.h5") in said and "Get it again" in said and "\n" not in said


@pytest.mark.parametrize(
    ("times", "units", "message"),
    [
        ([0.1, np.nan], [1, 2], "spike 1 of recording 5 is at nan s"),
        ([-0.5, 0.1], [1, 2], "spike 0 of recording 5 is at -0.5 s"),
        ([0.1, 0.2], [1, 700], "spike 1 of recording 5 is of unit 700, and they count from 0 to 699"),
    ],
)
def test_damaged_spikes_of_heidelberg_files_are_refused_when_they_are_shown(times, units, message, tmp_path):
    write_shd(tmp_path)
    for name, values in (("times", times), ("units", units)):
        changed(tmp_path / "shd_test.h5", set_train(name, values))
    data = datasets.load("shd", data=tmp_path)
    assert str(tmp_path / "shd_test.h5") in refused(message, data.source.read, 65)


def test_spikes_out_of_order_are_sorted(tmp_path):
    write_shd(tmp_path)
    for name, values in (("times", [0.5, 0.25, 0.5]), ("units", [1, 2, 3])):
        changed(tmp_path / "shd_train.h5", set_train(name, values))
    times, units = datasets.load("shd", data=tmp_path).source.read(5)
    assert times.tolist() == [0.25, 0.5, 0.5] and units.tolist() == [2, 1, 3]


def test_truncated_and_foreign_heidelberg_files_are_refused(tmp_path, monkeypatch):
    write_shd(tmp_path)
    path, content = tmp_path / "shd_train.h5", (tmp_path / "shd_train.h5").read_bytes()
    for bad in (content[: len(content) // 2], b"", b"\x1f\x8b" + content[2:]):
        path.write_bytes(bad)
        assert str(path) in refused("cannot be read as an HDF5 file", datasets.load, "shd", data=tmp_path)
    path.write_bytes(content)
    monkeypatch.setitem(sys.modules, "h5py", None)
    refused("is an HDF5 file, which needs h5py: pip install 'brianff.events.'", datasets.load, "shd", data=tmp_path)
    path.unlink()
    said = refused("lacks shd_train.h5", datasets.load, "shd", data=tmp_path)
    assert "zenkelab.org" in said and "unpack the .gz files" in said


def test_heidelberg_files_are_opened_again_after_a_fork_and_a_copy(tmp_path):
    trains = write_shd(tmp_path)
    source = datasets.load("shd", data=tmp_path).source
    before = source.read(3)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        in_child = pool.apply(read_in_child, [pickle.dumps(source), 3])
        children = pool.map(source.read, [3, 70])
    for times, units in (in_child, children[0], before):
        assert np.array_equal(times, trains[3][0].astype(float)) and np.array_equal(units, trains[3][1])
    assert np.array_equal(children[1][1], trains[70][1]) and np.array_equal(source.read(3), before)


def read_in_child(pickled, sample):
    return pickle.loads(pickled).read(sample)


# -- AEDAT 3.1 and DVS128 Gesture ------------------------------------------------------------------------------------
HEADER_LINES = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#Start-Time: 2016-08-31\r\n#!END-HEADER\r\n"


COLUMNS = "class,startTime_usec,endTime_usec\n"


def packet(events, overflow=0, kind=1, **changes):
    """A packet of (x, y, polarity, time) events, or of bytes of another kind."""
    if kind != 1:
        body, number, size = events, 1, len(events)
    else:
        words = [struct.pack("<Ii", x << 17 | y << 2 | p << 1 | 1, t) for x, y, p, t in events]
        body, number, size = b"".join(words), len(events), 8
    header = dict(
        kind=kind, source=1, size=size, of_time=4, overflow=overflow, capacity=number, number=number, valid=number
    )
    return struct.pack("<hhiiiiii", *(header | changes).values()) + body


def write_gestures(root, users=range(1, 8)):
    """Recordings of two gestures each in three packets; (times, x, y, polarity) of each gesture."""
    root.mkdir(parents=True, exist_ok=True)
    names, found = [f"user{k:02}_led.aedat" for k in users], []
    for number, name in enumerate(names):
        start = 5_000_000 * number
        events = [(*map(int, RNG.integers(0, 128, 2)), int(RNG.integers(2)), start + int(t))
                  for t in np.sort(RNG.integers(0, 1000, 60))]  # fmt: skip
        parts = [packet(events[:25]), packet(b"x" * 16, kind=0), packet(events[25:31]), packet([]), packet(events[31:])]
        (root / name).write_bytes(HEADER_LINES + b"".join(parts))
        spans = [(1 + number % 11, start + 100, start + 500), (1 + (number + 1) % 11, start + 500, start + 900)]
        rows = "".join(f"{label},{first},{last}\n" for label, first, last in spans)
        (root / name.replace(".aedat", "_labels.csv")).write_text(COLUMNS + rows)
        found += [([e for e in events if first <= e[3] < last], first, label - 1) for label, first, last in spans]
    (root / "trials_to_train.txt").write_text("\n".join(names[:-2]) + "\n")
    (root / "trials_to_test.txt").write_text("\n".join(names[-2:]) + "\n\n")
    return found


def test_gestures_are_read_event_by_event(tmp_path):
    found = write_gestures(tmp_path / "DvsGesture")
    data = datasets.load("dvs-gesture", data=tmp_path)
    assert data.image_shape == (128, 128) and data.n_channels == 2**15 and data.test.tolist() == [10, 11, 12, 13]
    assert len(set(data.groups[data.validation])) == 4 and set(data.groups[data.test]) == {"user06", "user07"}
    assert data.classes[0] == "hand clapping" and len(data.classes) == 11
    for sample, (events, start, label) in enumerate(found):
        times, channels = data.source.read(sample)
        np.testing.assert_allclose(times, [(t - start) * 1e-6 for *_, t in events], atol=1e-12)
        assert channels.tolist() == [(y * 128 + x) * 2 + p for x, y, p, _ in events]
        assert data.labels[sample] == label and len(times) <= data.source.sizes()[sample] <= 60
    chosen = datasets.load("dvs-gesture", data=tmp_path, test_group=("user01",), validation_group=("user07",))
    assert chosen.test.tolist() == [0, 1] and chosen.validation.tolist() == [12, 13]
    again = pickle.loads(pickle.dumps(data.source))
    assert np.array_equal(again.read(4), data.source.read(4))


def test_the_clock_of_aedat_runs_over_and_invalid_events_are_none(tmp_path):
    path = tmp_path / "one.aedat"
    events = [(1, 2, 1, 2**31 - 5), (3, 4, 0, 2**31 - 1)]
    valid = packet([(9, 9, 1, 7), (8, 8, 0, 9)], overflow=1, valid=1)
    valid = valid[:28] + bytes([valid[28] & 0xFE]) + valid[29:]  # without the mark of the first
    path.write_bytes(HEADER_LINES + packet(events) + valid)
    index = aedat.packets(path)
    assert index["first"].tolist() == [2**31 - 5, 2**31 + 7] and index["last"].tolist() == [2**31 - 1, 2**31 + 9]
    x, y, polarity, time = aedat.polarity_events(path, index["offset"][0], path.stat().st_size, 128, 128)
    assert (x.tolist(), y.tolist(), polarity.tolist()) == ([1, 3, 8], [2, 4, 8], [1, 0, 0])
    assert time.tolist() == [2**31 - 5, 2**31 - 1, 2**31 + 9]


ONE = [(1, 2, 1, 5), (3, 4, 0, 6)]
AT = len(HEADER_LINES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no AEDAT 3.1 file: it does not begin with #!AER-DAT3.1"),
        (HEADER_LINES.replace(b"3.1", b"2.0") + packet(ONE), "is no AEDAT 3.1 file"),
        (b"#!AER-DAT3.1\r\n#Form", "is truncated: its header has no end"),
        (
            HEADER_LINES + packet(ONE)[:20],
            f"is truncated: 20 bytes are left at byte {AT}, and the header of a packet has 28",
        ),
        (HEADER_LINES + packet(ONE)[:-3], f"is truncated: the packet at byte {AT} has 16 bytes of events, of which 13"),
        (
            HEADER_LINES + packet(ONE) + b"\xff" * 40,
            f"is damaged: what stands at byte {AT + 44} is no header of a packet",
        ),
        (HEADER_LINES + packet(ONE, size=12, capacity=1, number=1, valid=1), "no header of a packet"),
        (HEADER_LINES + packet(ONE, number=3), "no header of a packet"),
    ],
)
def test_damaged_aedat_files_are_refused(content, message, tmp_path):
    path = tmp_path / "bad.aedat"
    path.write_bytes(content)
    assert str(path) in refused(message, aedat.packets, path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("user03_led_labels.csv", "class,start\n1,2\n", "line 1: it does not read class,startTime_usec,endTime_usec"),
        ("user03_led_labels.csv", f"{COLUMNS}1,2\n", "line 2: '1,2' is not three whole numbers"),
        ("user03_led_labels.csv", f"{COLUMNS}12,2,3\n", "line 2: '12,2,3' is not a class from 1 to"),
        ("user03_led_labels.csv", f"{COLUMNS}1,9,3\n", "a start and a later end"),
        ("user03_led_labels.csv", COLUMNS, "has no gesture"),
        ("user03_led_labels.csv", f"{COLUMNS}1,2,3\n", "line 2: .* has no event from 2 to 3 micro"),
        ("trials_to_test.txt", "\n", "names no recording"),
        ("trials_to_test.txt", "../x\n", "names '../x', which is not as in user01_led.aedat"),
        ("trials_to_test.txt", "user77_led.aedat\n", "user77_led.aedat cannot be read: No such file"),
    ],
)
def test_what_lies_beside_gestures_is_checked(name, content, message, tmp_path):
    write_gestures(tmp_path)
    (tmp_path / name).write_text(content)
    assert name in refused(message, datasets.load, "dvs-gesture", data=tmp_path) or "user77" in message


def test_damage_within_a_packet_is_refused_when_it_is_shown(tmp_path):
    write_gestures(tmp_path)
    path = tmp_path / "user01_led.aedat"
    content = bytearray(path.read_bytes())
    content[AT + 28 + 8 * 12 + 3] = 0xFF
    path.write_bytes(content)
    refused(
        r"user01_led.aedat is damaged: an event between .* outside of 128 x 128",
        datasets.load("dvs-gesture", data=tmp_path).source.read,
        0,
    )
    content[AT + 24] = 24  # valid events
    path.write_bytes(content)
    refused(
        f"the packet at byte {AT} has 25 valid events, and its header says 24",
        datasets.load("dvs-gesture", data=tmp_path).source.read,
        0,
    )


# -- tonic -----------------------------------------------------------------------------------------------------------
class LikeTonic:
    """A data set of tonic's, as far as it is asked."""

    sensor_size = (4, 3, 2)

    def __init__(self, n=12, names="txyp"):
        fields = [(name, np.int64 if name == "t" else np.int16) for name in names]
        self.samples = []
        for k in range(n):
            events = np.zeros(5 + k, fields)
            for name, most in (("t", 900_000), ("x", 4), ("y", 3), ("p", 2)):
                if name in names:
                    events[name] = RNG.integers(0, most, 5 + k)
            self.samples.append((events, k % 3))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        return self.samples[index]


def test_data_sets_of_tonic_are_taken_as_they_are():
    tonic = LikeTonic()
    data = from_tonic(tonic, test=LikeTonic(3), validation=3)
    assert data.image_shape == (3, 4) and data.n_channels == 24 and data.test.tolist() == [12, 13, 14]
    for sample, (events, label) in enumerate(tonic.samples):
        events = events[np.argsort(events["t"], kind="stable")]
        times, channels = data.source.read(sample)
        np.testing.assert_allclose(times, events["t"] * 1e-6)
        assert channels.tolist() == ((events["y"] * 4 + events["x"]) * 2 + events["p"]).tolist()
        assert data.labels[sample] == label and data.source.sizes()[sample] == len(events)
    sound = LikeTonic(names="tx")
    assert from_tonic(sound, (4, 1, 1)).source.read(0)[1].max() < 4


@pytest.mark.parametrize(
    ("change", "more", "message"),
    [
        (lambda of: of.samples.__setitem__(2, 5), {}, "sample 2 is a int, in place of .events, label."),
        (lambda of: of.samples.__setitem__(2, (np.zeros(3), 0)), {}, "events of sample 2 have no field 't'"),
        (lambda of: of.samples[4][0].__setitem__("x", 4), {}, "sample 4 has an event with x=4, and sensor_size has 4"),
        (lambda of: of.samples[4][0].__setitem__("t", -1), {}, "sample 4 has an event at t=-1: count from 0"),
        (lambda of: setattr(of, "sensor_size", None), {}, "sensor_size=None: give .width, height, polarities."),
        (lambda of: None, dict(unit=0), "unit=0: give the length"),
        (
            lambda of: of.samples.__setitem__(2, (of.samples[2][0], "one")),
            {},
            "one integer a sample: number the classes",
        ),
    ],
)
def test_mistakes_in_data_sets_of_tonic_are_one_sentence(change, more, message):
    tonic = LikeTonic()
    change(tonic)
    assert "\n" not in refused(message, lambda: from_tonic(tonic, **more).source.read(4))


# -- figure ----------------------------------------------------------------------------------------------------------
def test_a_cochleagram_has_every_spike_and_the_frequencies(tmp_path):
    write_words(tmp_path / "words")
    data = from_wav(tmp_path / "words", cochlea=Cochlea(channels=16), test=4)
    figure = plotting.cochleagram(data, [0, 6])
    for axes, sample, title in zip(figure.axes, (0, 6), ("high", "low"), strict=True):
        (line,) = axes.lines
        times, channels = data.source.read(sample)
        np.testing.assert_allclose(line.get_xdata(), 1e3 * times)
        assert np.array_equal(line.get_ydata(), channels) and axes.get_title() == title
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["200", "500", "1000", "2000"]
    places = figure.axes[0].get_yticks()
    np.testing.assert_allclose(np.interp(places, np.arange(16), data.source.centres), [200, 500, 1000, 2000])
    plotting.save(figure, tmp_path / "figure.png")
    numbered = plotting.cochleagram(from_spikes([[0.1], [0.2]] * 4, [[1], [0]] * 4, [0, 1] * 4, n_channels=3), [0])
    assert numbered.get_supylabel() == "channel"
    refused("samples=.12.: give indices from 0 to 11", plotting.cochleagram, data, [12])
    refused("'digits' holds images", plotting.cochleagram, datasets.load("digits"))


def test_a_camera_shows_every_event_where_it_was(tmp_path):
    written = write_nmnist(tmp_path)
    data = datasets.load("nmnist", data=tmp_path)
    figure = plotting.camera(data, [0, 3])
    values = np.ma.filled(figure.axes[0].images[0].get_array().astype(float), np.nan)
    counts = [sum(2 * p - 1 for *_, p, _ in events) for events in list(written.values())[:4]]
    assert np.nansum(values) == 4 * (counts[0] + counts[3])  # each pixel is drawn as two by two
    kernels = plotting.kernels(RNG.normal(size=(32, 2, 5, 5)))  # of two polarities: no strip of a metre
    assert max(kernels.get_size_inches()) < 12
    refused("has no pixels of a camera", plotting.camera, datasets.load("rhythm"))


@pytest.mark.parametrize("name", ["digits", "rhythm"])
def test_data_sets_that_know_no_groups_say_so(name):
    refused(
        f"'{name}' does not say who its samples are of: leave out --test-group", datasets.load, name, test_group=("a",)
    )
    refused("leave out --validation-group", datasets.load, name, validation_group=("a",))
    assert "given as an object" in refused("--test-group", ForwardForward, datasets.load(name), test_group=["a"])
