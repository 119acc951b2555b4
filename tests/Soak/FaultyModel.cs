using System.Collections.Concurrent;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Soak;

/// <summary>A model over real HTTP that fails as it is told to, and counts what it has answered.</summary>
internal sealed class FaultyModel : IAsyncDisposable
{
    private readonly ScriptedModelServer _server;
    private readonly ConcurrentDictionary<ModelFault, int> _faults = new();
    private readonly Random _random;
    private long _tokens;
    private int _answers;

    private FaultyModel(ScriptedModelServer server, int seed)
    {
        _server = server;
        _random = new Random(seed);
        _server.RespondWith(Reply);
    }

    public string Endpoint => _server.Endpoint;

    /// <summary>Which fault the next call meets. Called by many at once.</summary>
    public Func<Random, ModelFault> Choose { get; set; } = _ => ModelFault.None;

    /// <summary>Calls so far, by what they met.</summary>
    public IReadOnlyDictionary<ModelFault, int> Faults => _faults;

    /// <summary>Tokens of the answers that were given whole.</summary>
    public long Tokens => Interlocked.Read(ref _tokens);

    /// <summary>Answers that were given whole.</summary>
    public int Answers => Volatile.Read(ref _answers);

    public static async Task<FaultyModel> StartAsync(int seed = 4711) => new(await ScriptedModelServer.StartAsync(), seed);

    /// <summary>More than one call in four fails, in every way there is; stalls are rarer, because each holds a client for its whole timeout.</summary>
    public static ModelFault Any(Random random)
    {
        var dice = random.Next(300);
        return dice < 200 ? ModelFault.None
            : dice < 202 ? ModelFault.Stall
            : dice < 205 ? ModelFault.Rejected
            : dice < 220 ? ModelFault.Slow
            : Ordinary[dice % Ordinary.Length];
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static readonly ModelFault[] Ordinary =
    [
        ModelFault.TooManyRequests, ModelFault.ServerError, ModelFault.BadGateway, ModelFault.Overloaded, ModelFault.ResetBeforeAnswer,
        ModelFault.ResetMidBody, ModelFault.EarlyEnd, ModelFault.Malformed, ModelFault.WrongContentType, ModelFault.LargeErrorBody, ModelFault.Redirect,
    ];

    private ModelReply Reply(ModelRequest request)
    {
        ModelFault fault;
        int input;
        int output;
        lock (_random)
        {
            fault = Choose(_random);
            (input, output) = (_random.Next(1, 200), _random.Next(1, 100));
        }

        _faults.AddOrUpdate(fault, 1, (_, count) => count + 1);
        if (fault is ModelFault.None or ModelFault.Slow)
        {
            Interlocked.Increment(ref _answers);
            Interlocked.Add(ref _tokens, input + output);
            var answer = request.ToolResults.Count == 0 && request.Tools.Count > 0
                ? ModelReply.ToolCalls(("calculator", """{"expression":"17*23"}"""))
                : ModelReply.Text("It is 391, as far as anybody knows.");
            return answer with
            {
                InputTokens = input, OutputTokens = output, Latency = fault == ModelFault.Slow ? TimeSpan.FromSeconds(1) : TimeSpan.Zero,
            };
        }

        return Fail(fault);
    }

    private ModelReply Fail(ModelFault fault) => fault switch
    {
        ModelFault.TooManyRequests => ModelReply.Status(429, TimeSpan.FromSeconds(1)),
        ModelFault.ServerError => ModelReply.Status(500),
        ModelFault.BadGateway => ModelReply.Status(502),
        ModelFault.Overloaded => ModelReply.Status(529),
        ModelFault.Rejected => ModelReply.Status(400),
        ModelFault.ResetBeforeAnswer => ModelReply.Reset(),
        ModelFault.ResetMidBody => ModelReply.Reset(ConnectionFault.MidBody),
        ModelFault.EarlyEnd => ModelReply.Reset(ConnectionFault.EarlyEnd),
        ModelFault.Stall => ModelReply.Hang(),
        ModelFault.Malformed => ModelReply.Raw("""{"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"mess"""),
        ModelFault.WrongContentType => ModelReply.Raw("<html><body>Bad gateway</body></html>", "text/html"),
        ModelFault.LargeErrorBody => ModelReply.Status(503, message: new string('x', 100 * 1024)),
        ModelFault.Redirect => ModelReply.Status(302) with
        {
            Headers = new Dictionary<string, string> { ["Location"] = new Uri(_server.Address, "elsewhere").ToString() },
        },
        _ => throw new InvalidOperationException($"{fault} is no fault."),
    };
}
