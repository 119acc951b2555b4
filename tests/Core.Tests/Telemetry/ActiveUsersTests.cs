using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Identity;
using Yggdrasil.Telemetry;

namespace Yggdrasil.Tests.Telemetry;

public sealed class ActiveUsersTests
{
    [Fact]
    public void User_counts_once_and_no_longer_than_five_minutes()
    {
        var time = new FakeTimeProvider();
        using var users = new ActiveUsers(time);

        users.Seen(new Owner("t", "alice"));
        users.Seen(new Owner("t", "alice"));
        time.Advance(TimeSpan.FromMinutes(3));
        users.Seen(new Owner("t", "bob"));

        Assert.Equal(2, users.Count());
        time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(1, users.Count());
    }
}
