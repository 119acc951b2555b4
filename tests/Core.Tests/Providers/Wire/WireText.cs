using System.Text;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.Wire;

namespace Yggdrasil.Tests.Providers.Wire;

/// <summary>Reads an answer as a vendor's package does, from a network that cuts it where the test says.</summary>
internal static class WireText
{
    public static AnswerFormat Format(string wire, AnswerSize size) => wire switch
    {
        "anthropic" => new AnthropicAnswer("p", size, call: null),
        "ollama" => new OllamaAnswer("p", size, call: null),
        _ => new OpenAIAnswer("p", size, call: null),
    };

    /// <returns>What came through, and the code of the failure that ended it; null for none.</returns>
    public static async Task<(string Text, string? Failure)> ReadAsync(string wire, byte[] answer, int piece, int kilobytes = 4096, int buffer = 4096)
    {
        var size = new AnswerSize("p", kilobytes);
        await using var stream = new NormalisedStream(new PiecewiseStream(answer, piece), Format(wire, size), size, call: null);
        var (read, room) = (new MemoryStream(), new byte[buffer]);
        try
        {
            while (await stream.ReadAsync(room) is > 0 and var count)
            {
                read.Write(room, 0, count);
            }
        }
        catch (ProviderException failure)
        {
            return (Encoding.UTF8.GetString(read.ToArray()), failure.Code);
        }

        return (Encoding.UTF8.GetString(read.ToArray()), null);
    }

    /// <summary>Gives so many bytes with each read, and no more.</summary>
    private sealed class PiecewiseStream(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(piece, buffer.Length)], cancellationToken);
    }
}
