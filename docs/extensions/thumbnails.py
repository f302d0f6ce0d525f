"""Thumbnails of the gallery: of a tall picture its upper part, which can be read.

The whole of several panels, one above the other, would be too small.
"""

from pathlib import Path

import numpy as np
from PIL import Image


def crop_tall(app):
    """Make the thumbnails of tall first pictures again; the gallery is made before."""
    pictures = Path(app.srcdir, "auto_examples", "images")
    size = app.config.sphinx_gallery_conf["thumbnail_size"]
    for picture in sorted(pictures.glob("sphx_glr_*_001.png")):
        name = picture.stem.removeprefix("sphx_glr_").removesuffix("_001")
        with Image.open(picture) as image:
            if image.height <= image.width:
                continue
            upper = upper_part(image.convert("RGB"), size[1] / size[0])
        thumbnail = pictures / "thumb" / f"sphx_glr_{name}_thumb.png"
        upper.resize(size, Image.Resampling.LANCZOS).save(thumbnail)


def upper_part(image, ratio):
    """Return the top of a picture; white from the gap on behind which a panel begins.

    Parameters
    ----------
    image : Image
        In RGB, on white.
    ratio : float
        Height of the result in widths.
    """
    height = int(image.width * ratio)
    pixels = np.array(image.crop((0, 0, image.width, height)))
    white = np.flatnonzero((pixels == 255).all(axis=(1, 2)))
    if white.size and white[-1] > height / 2:
        pixels[white[-1] :] = 255
    return Image.fromarray(pixels)
