using System.Text.Json;
using Yggdrasil.Functions.Durable;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Model;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.LocalHost.Tests.Functions;

/// <summary>What crosses Durable comes back as it was, by the serializers of both hosts.</summary>
public sealed class DurableMessageTests
{
    private static readonly JsonSerializerOptions Worker = new() { PropertyNameCaseInsensitive = true };
    private static readonly JsonSerializerOptions DurableTask = new() { IncludeFields = true };

    public static TheoryData<object> Messages => new()
    {
        new RunReference("dev!alice", "run_1"),
        new AdvanceRunInput("dev!alice", "run_1", "run_1-2"),
        new RunToolInput("dev!alice", "run_1", "t1c0"),
        new FailRunInput("dev!alice", "run_1", "err_1"),
        new CallbackReference("dev!alice", "run!run_1", "msg_1"),
        new SendCallbackInput("dev!alice", "run!run_1", "msg_1", 2),
        new CallbackOutcome(30),
        new CallbackOutcome((int?)null),
        new BatchReference("dev!alice", "batch_1", 2),
        new BatchOutcome(BatchSliceEnd.Yielded),
        new BatchOutcome(BatchSliceEnd.Parked, new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero)),
        new SliceOutcome(SliceEnd.Finished),
        new SliceOutcome(SliceEnd.Finished, NextRun: "run_next"),
        new SliceOutcome(SliceEnd.Finished, NoticesDue: true),
        new SliceOutcome(SliceEnd.Parked, new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero)),
        new SliceOutcome(SliceEnd.Distributed, CallIds: ["t1c0", "t1c1"]),
    };

    [Theory]
    [MemberData(nameof(Messages))]
    public void Message_is_the_same_on_the_other_side(object message)
    {
        foreach (var options in new[] { Worker, DurableTask })
        {
            var json = JsonSerializer.Serialize(message, message.GetType(), options);
            var back = JsonSerializer.Deserialize(json, message.GetType(), options);

            Assert.Equal(json, JsonSerializer.Serialize(back, message.GetType(), options));
            Assert.Equivalent(message, back, strict: true);
        }
    }
}
