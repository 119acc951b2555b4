using System.Text;

namespace Yggdrasil.Protection;

/// <summary>
/// Where a protected value belongs. It is the associated data of its encryption, so a value moved to another row,
/// property or owner does not decrypt.
/// </summary>
public readonly record struct ContentAddress(string Table, string Partition, string Row, string Property)
{
    // Keys hold no line feed (RowKeys and Owner see to that), so the parts cannot run into each other.
    internal byte[] AssociatedData() => Encoding.UTF8.GetBytes($"{Table}\n{Partition}\n{Row}\n{Property}");
}
