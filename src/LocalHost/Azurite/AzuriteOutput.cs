using System.Globalization;
using System.Text.RegularExpressions;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Azurite;

/// <summary>Reads from what Azurite prints where it listens.</summary>
internal sealed partial class AzuriteOutput
{
    private const int KeptErrorLines = 10;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _ports = [];
    private readonly Queue<string> _errors = [];
    private readonly TaskCompletionSource<AzuritePorts> _listening =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when all three services listen; fails when the process ends before.</summary>
    public Task<AzuritePorts> Ports => _listening.Task;

    /// <summary>The last lines of standard error, on one line.</summary>
    public string Errors
    {
        get
        {
            lock (_lock)
            {
                return string.Join(" ", _errors);
            }
        }
    }

    public void Read(string? line)
    {
        var match = Listening.Match(line ?? "");
        if (!match.Success)
        {
            return;
        }

        lock (_lock)
        {
            _ports[match.Groups["service"].Value] = int.Parse(match.Groups["port"].Value, CultureInfo.InvariantCulture);
            if (_ports.Count == 3)
            {
                _listening.TrySetResult(new AzuritePorts(_ports["Blob"], _ports["Queue"], _ports["Table"]));
            }
        }
    }

    public void ReadError(string? line)
    {
        if (string.IsNullOrWhiteSpace(line))
        {
            return;
        }

        lock (_lock)
        {
            _errors.Enqueue(line);
            if (_errors.Count > KeptErrorLines)
            {
                _errors.Dequeue();
            }
        }
    }

    public void Ended() => _listening.TrySetException(new LocalHostException($"Azurite did not start. {Errors}"));

    [GeneratedRegex(@"Azurite (?<service>Blob|Queue|Table) service is successfully listening at http://127\.0\.0\.1:(?<port>\d+)")]
    private static partial Regex Listening { get; }
}

/// <summary>Where the three services listen, on 127.0.0.1.</summary>
internal sealed record AzuritePorts(int Blob, int Queue, int Table)
{
    // Public knowledge: every storage emulator has this account and this key.
    private const string Account = "devstoreaccount1";
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    public string ConnectionString =>
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};" +
        $"BlobEndpoint=http://127.0.0.1:{Blob}/{Account};" +
        $"QueueEndpoint=http://127.0.0.1:{Queue}/{Account};" +
        $"TableEndpoint=http://127.0.0.1:{Table}/{Account};";
}
