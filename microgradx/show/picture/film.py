"""Pictures of one size as a film: GIF, WebP and MP4 by matplotlib's writers.

    >>> from microgradx import Value
    >>> from microgradx.show.picture.drawing import draw
    >>> from microgradx.show.picture.film import film
    >>> gif = film([draw(Value(0.5, "x").tanh())], "gif", seconds=1.0)          # doctest: +SKIP

MP4 needs the program ffmpeg: one that is installed, or the one that the package imageio-ffmpeg brings along.
"""
import io
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ...extras import install

if TYPE_CHECKING:
    from .render import Drawing

PAUSE = 3                                   # how many times as long the end is shown


def film(frames: Iterable["Drawing"], ending: str, seconds: float) -> bytes:
    """A file of this kind, "gif", "webp" or "mp4", each picture shown so long. Raises as animate() does."""
    try:
        from matplotlib import animation, image, rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(f".{ending} needs matplotlib: {install('plot')}; .svg does not") from error
    kind: Any = animation.FFMpegWriter if ending == "mp4" else animation.PillowWriter
    with rc_context(_ffmpeg(kind) if ending == "mp4" else {}), TemporaryDirectory() as folder:
        pictures = (image.imread(io.BytesIO(frame.pipe(format="png"))) for frame in frames)
        seen = next(pictures)
        height, width = seen.shape[:2]
        writer, figure = kind(fps=1 / seconds), Figure(figsize=(width / 100, height / 100), dpi=100)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.axis("off")
        canvas = axes.imshow(seen, aspect="auto")
        file = Path(folder, f"film.{ending}")
        with writer.saving(figure, str(file), 100):
            writer.grab_frame()
            for seen in pictures:
                canvas.set_data(seen)
                writer.grab_frame()
            for _ in range(PAUSE):
                writer.grab_frame()
        return file.read_bytes()


def _ffmpeg(writer: Any) -> dict[Any, Any]:
    """Where matplotlib finds ffmpeg, if no program of this name is installed. RuntimeError if there is none at all."""
    if writer.isAvailable():
        return {}
    try:
        from imageio_ffmpeg import get_ffmpeg_exe
        return {"animation.ffmpeg_path": get_ffmpeg_exe()}
    except (ImportError, RuntimeError) as error:
        raise RuntimeError(".mp4 needs the program ffmpeg (pip install imageio-ffmpeg, apt install ffmpeg, "
                           "brew install ffmpeg); .gif, .webp and .svg do not") from error
