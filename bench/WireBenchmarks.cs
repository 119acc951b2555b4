using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using Yggdrasil.Models.Wire;

namespace Yggdrasil.Benchmarks;

/// <summary>
/// A stream of 1,000 chunks from memory, each in a read of its own: bare, and through what puts answers in order. Their difference by 1,000
/// is what a chunk costs.
/// </summary>
[MemoryDiagnoser(displayGenColumns: false)]
public class WireBenchmarks
{
    private const int Chunks = 1000;

    private readonly byte[] _buffer = new byte[16 * 1024];
    private readonly byte[][] _documented = Stream("content");
    private readonly byte[][] _renamed = Stream("reasoning");
    private readonly byte[][] _metered = Stream("content", """{"prompt_tokens":265,"completion_tokens":105,"total_tokens":370}""");
    private readonly byte[][] _changed = Stream("text");

    [Benchmark(Baseline = true, Description = "bare")]
    public Task<long> Bare() => ReadAsync(new ChunkStream(_documented));

    [Benchmark(Description = "as documented")]
    public Task<long> Documented() => ReadAsync(Normalised(_documented));

    [Benchmark(Description = "thoughts under another name")]
    public Task<long> Renamed() => ReadAsync(Normalised(_renamed));

    [Benchmark(Description = "tokens with every chunk")]
    public Task<long> Metered() => ReadAsync(Normalised(_metered));

    [Benchmark(Description = "written anew")]
    public Task<long> Changed() => ReadAsync(Normalised(_changed));

    private static byte[][] Stream(string member, string usage = "null") =>
    [
        .. Enumerable.Range(0, Chunks).Select(number => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $$$"""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,{{{Said(member, number)}}},"finish_reason":null}],"usage":{{{usage}}}}""") + "\n\n")),
        Encoding.UTF8.GetBytes("data: [DONE]\n\n"),
    ];

    /// <summary>A piece of the answer; the text of a completion is one that only a new chunk can hold.</summary>
    private static string Said(string member, int number) =>
        member == "text" ? $"\"text\":\"word {number} \"" : $"\"delta\":{{\"{member}\":\"word {number} \"}}";

    private static NormalisedStream Normalised(byte[][] chunks)
    {
        var size = new AnswerSize("p", kilobytes: 4096);
        return new NormalisedStream(new ChunkStream(chunks), new OpenAIAnswer("p", size, call: null), size, call: null);
    }

    private async Task<long> ReadAsync(Stream stream)
    {
        await using (stream)
        {
            var total = 0L;
            while (await stream.ReadAsync(_buffer) is > 0 and var read)
            {
                total += read;
            }

            return total;
        }
    }

    /// <summary>Gives one chunk with each read.</summary>
    private sealed class ChunkStream(byte[][] chunks) : MemoryStream
    {
        private int _next;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_next == chunks.Length)
            {
                return ValueTask.FromResult(0);
            }

            var chunk = chunks[_next++];
            chunk.CopyTo(buffer);
            return ValueTask.FromResult(chunk.Length);
        }
    }
}
