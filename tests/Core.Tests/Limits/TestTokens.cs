using Microsoft.Extensions.AI;
using Yggdrasil.Models;
using Yggdrasil.Models.Tokens;

namespace Yggdrasil.Tests.Limits;

internal static class TestTokens
{
    /// <summary>The estimated tokens of a prompt's messages.</summary>
    public static long Of(IEnumerable<ChatMessage> messages) =>
        TokenEstimator.Estimate(new ModelId("scripted", "one"), messages, [], instructions: null);
}
