using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.Protection.Secrets;

namespace Yggdrasil.Tests.Security;

/// <summary>Master keys as settings give them.</summary>
internal static class TestKeys
{
    public static string New() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public static MasterKeyRing Ring(string? key, params string[] previous)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([
                new("Protection:Key", key),
                .. previous.Select((other, index) => KeyValuePair.Create($"Protection:PreviousKeys:{index}", (string?)other)),
            ])
            .Build();
        return new MasterKeyRing(
            configuration, new SettingSecrets(configuration), TimeProvider.System, NullLogger<MasterKeyRing>.Instance);
    }
}
