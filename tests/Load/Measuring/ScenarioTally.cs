namespace Yggdrasil.Load.Measuring;

/// <summary>Adds up the runs of one scenario.</summary>
internal sealed class ScenarioTally
{
    private readonly Latencies _latencies = new();
    private long _errors;
    private long _inputTokens;
    private long _outputTokens;
    private long _modelCalls;
    private long _toolCalls;
    private decimal _costUsd;

    public void Add(Sample sample)
    {
        var outcome = sample.Outcome;
        _inputTokens += outcome.InputTokens;
        _outputTokens += outcome.OutputTokens;
        _modelCalls += outcome.ModelCalls;
        _toolCalls += outcome.ToolCalls;
        _costUsd += outcome.CostUsd;
        if (outcome.Error is null)
        {
            _latencies.Add(sample.Latency);
        }
        else
        {
            _errors++;
        }
    }

    public ScenarioFigures Figures(string name) => new(
        name, _latencies.Count, _errors, _latencies.Summary(), _inputTokens, _outputTokens, _modelCalls, _toolCalls, _costUsd);
}
