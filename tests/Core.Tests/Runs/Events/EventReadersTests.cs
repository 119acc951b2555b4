using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Limits;
using Yggdrasil.Runs.Events;

namespace Yggdrasil.Tests.Runs.Events;

public sealed class EventReadersTests
{
    private static readonly Owner Alice = new("t", "alice");

    [Fact]
    public void User_reads_as_many_as_allowed_and_a_slot_is_given_back_once()
    {
        var readers = new EventReaders(new LimitOptions { EventReaders = 2 });
        var first = readers.Enter(Alice);
        using var second = readers.Enter(Alice);

        var refused = Assert.Throws<TooManyEventReadersException>(() => readers.Enter(Alice));
        using var other = readers.Enter(Alice with { User = "bob" });
        first.Dispose();
        first.Dispose();
        using var third = readers.Enter(Alice);

        Assert.True(refused.RetryAfter > TimeSpan.Zero);
        Assert.Throws<TooManyEventReadersException>(() => readers.Enter(Alice));
    }
}
