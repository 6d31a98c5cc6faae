"""The loss of supervised fine-tuning: how surprising the right answer is, and nothing else."""

import torch

# Rows of logits at a time. Gemma's 262,144 logits are a megabyte a row: few rows stay small,
# many use the processor better.
_ROWS = 128


def answer_loss(hidden: torch.Tensor, labels: torch.Tensor, head: torch.nn.Linear) -> torch.Tensor:
    """- sum log p(label), the logits made and used up a piece at a time.

    hidden: Tensor, shape = (n, hidden): the states from which the answer's tokens are
    predicted. labels: Tensor, shape = (n,). head: the frozen output layer.

    Logits are the largest thing in training a small model with a large vocabulary, so they
    are made only where an answer's token is predicted, and never kept: the loss and its
    gradient, softmax(logits) - one_hot(label), are taken from each piece at once.
    """
    return _AnswerLoss.apply(hidden, labels, head)


class _AnswerLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, hidden, labels, head):
        gradient = torch.empty_like(hidden)
        loss = hidden.new_zeros(())
        for at in range(0, len(labels), _ROWS):
            piece = slice(at, at + _ROWS)
            right = labels[piece, None]
            logits = head(hidden[piece])
            log_total = logits.logsumexp(-1, keepdim=True)
            loss += (log_total - logits.gather(1, right)).sum()
            wrong = logits.sub_(log_total).exp_()
            wrong.scatter_add_(1, right, wrong.new_full(right.shape, -1.0))
            gradient[piece] = _back(head, wrong)
        ctx.save_for_backward(gradient)
        return loss

    @staticmethod
    def backward(ctx, grad):
        return ctx.saved_tensors[0] * grad, None, None


def _back(head, grad):
    back = getattr(head, "product_back", None)  # the packed copy of a frozen layer
    return back(grad) if back and not head.weight.requires_grad else grad @ head.weight
