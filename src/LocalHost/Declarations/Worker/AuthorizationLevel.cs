namespace Microsoft.Azure.Functions.Worker;

/// <summary>Who may call an HTTP function. LocalHost holds no keys and lets everybody in.</summary>
public enum AuthorizationLevel
{
    Anonymous = 0,
    User = 1,
    Function = 2,
    System = 3,
    Admin = 4,
}
