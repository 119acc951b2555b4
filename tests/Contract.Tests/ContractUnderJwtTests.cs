namespace Yggdrasil.Contract.Tests;

// What depends on who calls runs a second time, with tokens of a real issuer: there, owners have tenants and roles are claims.
// What does not, such as how a body is read, runs once.

[Collection(JwtLocalHost.Name)]
public sealed class AgentContractUnderJwtTests(JwtContractFixture app) : AgentContractTests(app);

[Collection(JwtLocalHost.Name)]
public sealed class EventTicketUnderJwtTests(JwtContractFixture app) : EventTicketContractTests(app);

[Collection(JwtLocalHost.Name)]
public sealed class IdempotencyUnderJwtTests(JwtContractFixture app) : IdempotencyTests(app);

[Collection(JwtLocalHost.Name)]
public sealed class AdminUnderJwtTests(JwtContractFixture app) : AdminTests(app);

[Collection(JwtLocalHost.Name)]
public sealed class SharingUnderJwtTests(JwtContractFixture app) : SharingTests(app);

[Collection(JwtLocalHost.Name)]
public sealed class TenancyUnderJwtTests(JwtContractFixture app) : TenancyTests(app);

[Collection(JwtLocalHost.Name)]
public sealed class UserDataUnderJwtTests(JwtContractFixture app) : UserDataContractTests(app);

[Collection(JwtLocalHost.Name)]
public sealed class ApiKeyUnderJwtTests(JwtContractFixture app) : ApiKeyTests(app);

[Collection(JwtLocalHost.Name)]
public sealed class ApiKeyScopeUnderJwtTests(JwtContractFixture app) : ApiKeyScopeTests(app);
