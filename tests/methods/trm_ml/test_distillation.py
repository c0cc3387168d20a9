"""Distillation: nothing to learn from oneself, and nothing to teach the teacher."""

import numpy as np
import torch
from torch.nn import functional as F

from methods.trm_ml.distillation import feature_distillation, local_teacher, logit_distillation, text_consistency

B, C, HW, D, T = 4, 5, 6, 8, 4.0


def noise(*size: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def test_zero_when_student_is_teacher() -> None:
    logits = 5 * noise(B, C)
    assert logit_distillation(logits, logits, T).abs() < 1e-6
    assert logit_distillation(logits + 3.0, logits, T).abs() < 1e-5  # a softmax does not see a shift
    assert logit_distillation(logits + noise(B, C, seed=1), logits, T) > 1e-3


def test_no_gradient_reaches_the_teacher() -> None:
    student, teacher = noise(B, C).requires_grad_(), noise(B, C, seed=1).requires_grad_()
    logit_distillation(student, teacher, T).backward()
    assert teacher.grad is None
    assert student.grad is not None
    assert student.grad.abs().sum() > 0


def test_an_attached_teacher_learns_from_its_student() -> None:
    for function, size in ((logit_distillation, (B, C)), (feature_distillation, (B, C, D))):
        for detach in (True, False):
            student, teacher = noise(*size).requires_grad_(), noise(*size, seed=1).requires_grad_()
            more = (T,) if function is logit_distillation else ()
            function(student, teacher, *more, detach=detach).backward()
            assert (teacher.grad is None) == detach
            assert student.grad.abs().sum() > 0


def test_features_against_loops() -> None:
    student, teacher = noise(B, C, D), noise(B, C, D, seed=1)
    s, t = student.double().numpy(), teacher.double().numpy()
    cosines = [
        s[i, c] @ t[i, c] / (np.linalg.norm(s[i, c]) * np.linalg.norm(t[i, c])) for i in range(B) for c in range(C)
    ]
    np.testing.assert_allclose(feature_distillation(student, teacher).item(), 1 - np.mean(cosines), rtol=1e-4)
    assert feature_distillation(student, 3 * student).abs() < 1e-6


def test_value_against_loops() -> None:
    student, teacher = noise(B, C), noise(B, C, seed=1)
    total = 0.0
    for s, t in zip(student.double().numpy(), teacher.double().numpy(), strict=True):
        p, q = (np.exp(x / T) / np.exp(x / T).sum() for x in (t, s))
        total += sum(p[c] * np.log(p[c] / q[c]) for c in range(C))
    np.testing.assert_allclose(logit_distillation(student, teacher, T).item(), T**2 * total / B, rtol=1e-4)


def test_the_local_teacher_against_loops() -> None:
    tokens, text = F.normalize(noise(B, HW, D), dim=-1), F.normalize(noise(C, D, seed=1), dim=-1)
    scores = local_teacher(tokens, text, sharpness=20.0, scale=50.0)
    for i in range(B):
        for c in range(C):
            cosines = (tokens[i] @ text[c]).double().numpy()
            weights = np.exp(20 * cosines) / np.exp(20 * cosines).sum()
            np.testing.assert_allclose(scores[i, c], 50 * (weights * cosines).sum(), rtol=1e-4)
    assert not local_teacher(tokens.requires_grad_(), text, 20.0, 50.0).requires_grad


def test_text_consistency() -> None:
    text, template = F.normalize(noise(C, D), dim=-1), F.normalize(noise(C, D, seed=1), dim=-1)
    assert text_consistency(text, text) == 0
    expected = np.mean([((text[c] - template[c]).numpy() ** 2).sum() for c in range(C)])
    np.testing.assert_allclose(text_consistency(text, template).item(), expected, rtol=1e-5)
    text.requires_grad_(), template.requires_grad_()
    text_consistency(text, template).backward()
    assert template.grad is None
