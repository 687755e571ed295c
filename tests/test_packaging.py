from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import projects.bss
from projects.bss import config_path

ROOT = Path(__file__).resolve().parents[1]
SETUP = ConfigParser()
SETUP.read(ROOT / 'setup.cfg')


def python(code: str, cwd: Path, *path: Path) -> str:
    """Run code in a process of its own and return what it printed."""
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(map(str, path)))
    return subprocess.run([sys.executable, '-W', 'ignore', '-c', code], cwd=cwd, env=env,
                          check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope='module')
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with one config added; building it leaves no trace here."""
    folder = tmp_path_factory.mktemp('source') / 'repository'
    folder.mkdir()
    for name in ('projects', 'bss', 'configs', 'tools'):
        shutil.copytree(ROOT / name, folder / name, symlinks=True,
                        ignore=shutil.ignore_patterns('__pycache__'))
    for name in ('setup.cfg', 'pyproject.toml', 'model-index.yml', 'LICENSE'):
        shutil.copy(ROOT / name, folder)
    (folder / 'README.md').write_text('A copy.')
    (folder / 'configs' / 'bss' / 'deep').mkdir(parents=True)
    (folder / 'configs' / 'bss' / 'deep' / 'packaged.py').write_text("answer = 'found'\n")
    return folder


@pytest.fixture(scope='module')
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp('wheel')
    subprocess.run(
        [sys.executable, '-m', 'pip', 'wheel', '-q', '--no-deps', '--no-build-isolation',
         '--disable-pip-version-check', '-w', str(out), str(source)], check=True)
    return next(out.glob('bss-*.whl'))


@pytest.fixture(scope='module')
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel unpacked, as in site-packages."""
    site = tmp_path_factory.mktemp('site')
    zipfile.ZipFile(wheel).extractall(site)
    return site


def test_wheel_holds_code_configs_and_tools_once(source: Path, wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    held = {name for name in names if '.dist-info/' not in name}

    def below(folder: str, prefix: str, *suffixes: str) -> set[str]:
        return {f'{prefix}{path.relative_to(source)}' for path in (source / folder).rglob('*')
                if path.suffix in suffixes}

    assert held == {'bss/__init__.py', 'bss/.mim/model-index.yml'} | below(
        'projects', '', '.py') | below('configs', 'bss/.mim/', '.py', '.yml', '.md') | below(
        'tools', 'bss/.mim/', '.py', '.sh')
    assert {'bss/.mim/tools/train.py', 'bss/.mim/tools/dist_test.sh',
            'bss/.mim/configs/bss/deep/packaged.py', 'projects/bss/functional/pacing.py'} <= held
    assert 'projects/__init__.py' not in held
    assert any(name.endswith('.dist-info/licenses/LICENSE') for name in names)


def test_wheel_serves_configs_from_any_folder(installed: Path, tmp_path: Path) -> None:
    (tmp_path / 'projects').mkdir()  # a plain folder of that name must not hide the package
    (tmp_path / 'inherits.py').write_text("_base_ = 'bss::bss/deep/packaged.py'\nown = 1\n")
    code = '''
import bss, projects.bss
from mmengine.config import Config
print(projects.bss.__file__)
print(bss.config_path('bss/deep/packaged.py'))
print(Config.fromfile('inherits.py').answer)
'''
    module, config, answer = python(code, tmp_path, installed).splitlines()
    assert Path(module) == installed / 'projects' / 'bss' / '__init__.py'
    assert Path(config) == installed / 'bss' / '.mim' / 'configs' / 'bss' / 'deep' / 'packaged.py'
    assert answer == 'found'


def test_namespace_is_shared_with_other_projects(tmp_path: Path) -> None:
    (tmp_path / 'projects' / 'ctrgcn').mkdir(parents=True)
    (tmp_path / 'projects' / 'ctrgcn' / '__init__.py').write_text('answer = 42')
    code = 'import projects.bss, projects.ctrgcn; print(projects.ctrgcn.answer)'
    assert python(code, tmp_path, tmp_path, ROOT) == '42\n'


def test_functional_needs_torch_alone(tmp_path: Path) -> None:
    code = '''
import sys
for name in ('mmengine', 'mmcv', 'mmaction', 'cv2', 'numpy', 'sklearn', 'tqdm', 'transformers'):
    sys.modules[name] = None  # as if it were not installed
import projects.bss, torch
from projects.bss.functional import min_max
print(projects.bss.__version__, min_max(torch.tensor([1., 3., 2.])).tolist())
'''
    assert python(code, tmp_path, ROOT) == f'{projects.bss.__version__} [0.0, 1.0, 0.5]\n'


def test_version_is_that_of_the_wheel(wheel: Path) -> None:
    assert wheel.name == f'bss-{projects.bss.__version__}-py3-none-any.whl'


def test_config_path_of_a_checkout_is_the_config_itself() -> None:
    some = next((ROOT / 'configs').rglob('*.py')).relative_to(ROOT / 'configs')
    assert Path(config_path(str(some))) == ROOT / 'configs' / some


def test_config_path_suggests_the_nearest_config() -> None:
    with pytest.raises(FileNotFoundError, match="no config file 'bss/nvgesture_bsl.py'.*"
                                                'Did you mean .*bss/nvgesture_bssl.py'):
        config_path('bss/nvgesture_bsl.py')


def test_torch_has_lower_bounds_only_and_torchaudio_is_not_required() -> None:
    groups = [SETUP['options']['install_requires'], *SETUP['options.extras_require'].values()]
    needed = [Requirement(line) for group in groups for line in group.split('\n')
              if line and not line.startswith('#')]
    bounds = {need.name: {spec.operator for spec in need.specifier} for need in needed}
    assert bounds['torch'] == bounds['torchvision'] == {'>='}
    assert bounds['setuptools'] == bounds['mmcv-lite'] == bounds['mmaction2'] == {'>=', '<'}
    assert 'torchaudio' not in bounds


def write_script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\n{text}\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def make(tmp_path: Path):
    """Run make in a folder that has the repository's build files, without uv."""
    for name in ('Makefile', 'setup.cfg', 'pyproject.toml'):
        shutil.copy(ROOT / name, tmp_path)
    commands = tmp_path / 'commands'
    commands.mkdir()
    for path in {path.name: path for folder in ('/usr/bin', '/bin')
                 for path in Path(folder).iterdir() if path.name != 'uv'}.values():
        (commands / path.name).symlink_to(path)

    def run(*args: str) -> subprocess.CompletedProcess:
        return subprocess.run(['make', *args], cwd=tmp_path, env=dict(PATH=str(commands)),
                              capture_output=True, text=True)

    return run


def test_make_installs_once_and_again_when_the_requirements_change(make, tmp_path: Path) -> None:
    calls = tmp_path / 'calls'
    write_script(tmp_path / '.venv' / 'bin' / 'python', f'echo "$*" >> {calls}')

    def called() -> list[str]:
        lines = calls.read_text().splitlines()
        calls.unlink()
        return [' '.join(line.split()[:3]) for line in lines]

    tests = '-m pytest -n'
    make('test').check_returncode()
    assert called() == ['-m pip install', tests]
    make('test').check_returncode()
    assert called() == [tests]
    later = (tmp_path / '.venv' / '.installed').stat().st_mtime + 5
    os.utime(tmp_path / 'setup.cfg', (later, later))
    make('demo').check_returncode()
    assert called() == ['-m pip install', 'tools/demo.py']


def test_make_says_which_python_it_needs(make, tmp_path: Path) -> None:
    old = write_script(tmp_path / 'old-python', 'exit 1')
    result = make('test', f'PYTHON={old}')
    assert result.returncode != 0
    assert 'Python 3.10 to 3.13 is needed, and none was found.' in result.stderr
    assert not (tmp_path / '.venv').exists()


def test_make_says_that_the_venv_module_is_missing(make, tmp_path: Path) -> None:
    bare = write_script(tmp_path / 'bare-python', 'case "$*" in *ensurepip*) exit 1;; esac')
    result = make('test', f'PYTHON={bare}')
    assert result.returncode != 0
    assert 'apt-get install python3-venv' in result.stderr
    assert not (tmp_path / '.venv').exists()
