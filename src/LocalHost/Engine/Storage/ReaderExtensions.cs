using Microsoft.Data.Sqlite;

namespace Yggdrasil.LocalHost.Engine.Storage;

internal static class ReaderExtensions
{
    public static string? TextOrNull(this SqliteDataReader row, int column)
        => row.IsDBNull(column) ? null : row.GetString(column);
}
