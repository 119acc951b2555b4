namespace Yggdrasil.Redaction;

/// <summary>Finds one family of sensitive values. Stateless; in time linear in the text.</summary>
internal interface IDetector
{
    void Scan(ref TextScan scan);
}
