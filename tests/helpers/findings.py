"""What `bench prepare` warns of."""

from bench.data.check import Examination


def warnings_of(examination: Examination, title: str = "") -> list[str]:
    """The warnings about things called so, but that a library is not installed, which is no property of the images."""
    warnings = [finding for finding in examination.findings if finding.level == "warning" and title in finding.title]
    return [finding.detail for finding in warnings if "pip install simplejpeg" not in finding.detail]
