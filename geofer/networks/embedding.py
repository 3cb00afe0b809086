"""E, the geometry embedding network: Table II, first column."""

from torch import Tensor, nn

from geofer.faces import NUM_LANDMARKS


def _hidden(channels_in: int, channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(channels_in, channels), nn.BatchNorm1d(channels), nn.ReLU())


class GeometryEmbedding(nn.Module):
    """E: landmarks to a small vector f(g) and back.

    FC 128, FC 64, FC 32, each with BN and ReLU, give the embedding; FC 64, FC 128, each with BN and ReLU, then FC 136
    and tanh give the landmarks back, which is what Eq. 9 compares.

    Examples:
        >>> import torch
        >>> code, reconstruction = GeometryEmbedding()(torch.zeros(4, 68, 2))
        >>> code.shape, reconstruction.shape
        (torch.Size([4, 32]), torch.Size([4, 68, 2]))
    """

    def __init__(self, size: int = 32) -> None:
        """``size`` is the length of f(g), 32 in the paper."""
        super().__init__()
        self.encoder = nn.Sequential(_hidden(2 * NUM_LANDMARKS, 128), _hidden(128, 64), _hidden(64, size))
        self.decoder = nn.Sequential(_hidden(size, 64), _hidden(64, 128), nn.Linear(128, 2 * NUM_LANDMARKS), nn.Tanh())

    def forward(self, landmarks: Tensor) -> tuple[Tensor, Tensor]:
        """Embed landmarks and reconstruct them.

        Args:
            landmarks: ``(B, 68, 2)`` in [-1, 1].

        Returns:
            f(g) ``(B, size)``, not negative, and the reconstruction ``(B, 68, 2)`` in (-1, 1).
        """
        embedding = self.encoder(landmarks.flatten(1))
        return embedding, self.decoder(embedding).view_as(landmarks)
