using Azure.Core.Pipeline;
using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.Storage;
using Yggdrasil.Storage.Due;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Users.ApiKeys;

namespace Yggdrasil.Tests.Users;

/// <summary>API keys as an instance of the app has them.</summary>
internal sealed class ApiKeyParts
{
    public ApiKeyParts(StorageClients storage, ContentVault vault, DueStore due, TimeProvider time)
    {
        (Storage, Vault) = (storage, vault);
        Store = new ApiKeyStore(storage, vault, due);
        Authentication = new ApiKeyAuthentication(Store, time, NullLogger<ApiKeyAuthentication>.Instance);
    }

    public StorageClients Storage { get; }

    public ContentVault Vault { get; }

    public ApiKeyStore Store { get; }

    public ApiKeyAuthentication Authentication { get; }

    /// <summary>Another instance of the app on the same storage.</summary>
    public static (ApiKeyParts Keys, RequestCount Requests) Instance(AzuriteFixture azurite, TimeProvider time, HttpPipelinePolicy? policy = null)
    {
        var (storage, vault, requests) = azurite.Connect(policy: policy);
        return (new ApiKeyParts(storage, vault, new DueStore(storage, TestUnknown.Values), time), requests);
    }
}
