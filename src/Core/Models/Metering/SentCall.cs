using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Metering;

/// <summary>One attempt at a model: what was sent, and what came of it.</summary>
/// <param name="model">Who was asked.</param>
/// <param name="messages">What was sent, as the provider was shown it.</param>
internal sealed class SentCall(ModelId model, IReadOnlyCollection<ChatMessage> messages, ChatOptions? options)
{
    private readonly Lock _gate = new();
    private readonly List<ChatResponseUpdate> _updates = [];
    private ChatResponse? _response;
    private bool _isRequested;

    public ModelId Model { get; } = model;

    public IReadOnlyCollection<ChatMessage> Messages { get; } = messages;

    public ChatOptions? Options { get; } = options;

    /// <summary>Whether the answer came to its end.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>Whether it has to be paid: something came of it, or its request went out and was not refused.</summary>
    public bool IsSent
    {
        get
        {
            lock (_gate)
            {
                return _isRequested || _response is not null || _updates.Count > 0;
            }
        }
    }

    public void Requested() => SetRequested(true);

    public void NotTaken() => SetRequested(false);

    /// <summary>The whole answer came at once.</summary>
    public void Answered(ChatResponse response)
    {
        lock (_gate)
        {
            (_response, IsWhole) = (response, true);
        }
    }

    /// <summary>A piece of the answer came.</summary>
    public void Came(ChatResponseUpdate update)
    {
        lock (_gate)
        {
            _updates.Add(update);
        }
    }

    /// <summary>The last piece of the answer has come.</summary>
    public void Ended()
    {
        lock (_gate)
        {
            IsWhole = true;
        }
    }

    /// <summary>What of the answer has come by now, and what the provider has reported of its use by now; null where it has not.</summary>
    public (IReadOnlyList<AIContent> Contents, UsageDetails? Reported) Read()
    {
        lock (_gate)
        {
            if (_response is not null)
            {
                return ([.. _response.Messages.SelectMany(message => message.Contents)], _response.Usage);
            }

            List<AIContent> contents = [.. _updates.SelectMany(update => update.Contents)];
            UsageDetails? reported = null;
            foreach (var usage in contents.OfType<UsageContent>())
            {
                (reported ??= new UsageDetails()).Add(usage.Details);
            }

            contents.RemoveAll(content => content is UsageContent);
            return (contents, reported);
        }
    }

    private void SetRequested(bool isRequested)
    {
        lock (_gate)
        {
            _isRequested = isRequested;
        }
    }
}
