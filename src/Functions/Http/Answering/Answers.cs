using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Storage;

namespace Yggdrasil.Functions.Http.Answering;

/// <summary>Answers as the contract shapes them.</summary>
internal static class Answers
{
    public static IResult Json<T>(T document, int status = StatusCodes.Status200OK) =>
        Results.Json(document, ContractJson.Options, contentType: null, status);

    public static IResult List<TItem, TDocument>(ListPage<TItem> page, Func<TItem, TDocument> toDocument) =>
        Json(new ListDocument<TDocument>([.. page.Items.Select(toDocument)], RequestHeaders.ToCursor(page.Next)));
}
