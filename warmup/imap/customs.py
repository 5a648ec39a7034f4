"""What servers and mail programs call the folders that a server doesn't mark by their use.

Consulted only where no folder has the attribute (RFC 6154); the earlier name wins. In lower case, without namespace
prefix, "INBOX" or "[Gmail]" before them.

Owns: the names. Does not own: which folder is which (`warmup.imap.folders`).
Sources: the folders that Outlook, Exchange, Gmail, Yahoo, GMX, Thunderbird, Apple Mail, Roundcube and cPanel make in
these languages.
"""

from __future__ import annotations

JUNK = (
    *("junk", "spam", "junk e-mail", "junk email", "junk mail", "bulk mail", "bulk"),
    *("spamverdacht", "junk-e-mail", "unerwünscht", "unerwünschte werbung", "werbung"),  # German
    *("courrier indésirable", "indésirables", "indésirable", "pourriel", "pourriels"),  # French
    *("correo no deseado", "no deseado", "correo basura"),  # Spanish
    *("posta indesiderata", "indesiderata"),  # Italian
    *("lixo eletrônico", "lixo electrónico", "lixo"),  # Portuguese
    *("ongewenste e-mail", "ongewenst", "ongewenste reclame"),  # Dutch
    *("wiadomości-śmieci", "niechciane", "niechciana poczta"),  # Polish
    *("nevyžádaná pošta", "nevyžádaná"),  # Czech
    *("skräppost", "uønsket mail", "uønsket e-mail", "uønsket post", "søppelpost"),  # Swedish, Danish, Norwegian
    *("roskaposti", "levélszemét", "önemsiz e-posta", "istenmeyen"),  # Finnish, Hungarian, Turkish
    *("спам", "нежелательная почта"),  # Russian
    *("迷惑メール", "垃圾邮件", "垃圾郵件", "스팸메일함", "정크 메일"),  # Japanese, Chinese, Korean
)
SENT = (
    *("sent", "sent items", "sent mail", "sent messages", "sent-mail"),
    *("gesendet", "gesendete elemente", "gesendete objekte", "gesendete nachrichten"),  # German
    *("envoyés", "éléments envoyés", "messages envoyés", "objets envoyés"),  # French
    *("enviados", "elementos enviados", "correo enviado"),  # Spanish
    *("posta inviata", "inviata", "inviati"),  # Italian
    *("itens enviados", "enviadas"),  # Portuguese
    *("verzonden", "verzonden items", "verzonden berichten"),  # Dutch
    *("wysłane", "elementy wysłane"),  # Polish
    *("odeslané", "odeslaná pošta"),  # Czech
    *("skickat", "skickade objekt", "sendt post", "sendte elementer", "sendt"),  # Swedish, Danish, Norwegian
    *("lähetetyt", "elküldött elemek", "gönderilmiş öğeler", "gönderilenler"),  # Finnish, Hungarian, Turkish
    *("отправленные",),  # Russian
    *("送信済みアイテム", "送信済み", "已发送邮件", "已发送", "寄件備份", "보낸 편지함", "보낸메일함"),
)
DRAFTS = (
    *("drafts", "draft", "entwürfe", "brouillons", "borradores", "bozze", "rascunhos", "concepten", "kopie robocze"),
    *("szkice", "koncepty", "utkast", "kladder", "luonnokset", "piszkozatok", "taslaklar", "черновики"),
    *("下書き", "草稿箱", "草稿", "임시 보관함"),
)
TRASH = (
    *("trash", "deleted items", "deleted messages", "deleted", "bin", "wastebasket"),
    *("papierkorb", "gelöscht", "gelöschte elemente", "gelöschte objekte"),  # German
    *("corbeille", "éléments supprimés"),  # French
    *("papelera", "elementos eliminados", "cestino", "posta eliminata", "lixeira", "itens excluídos"),
    *("prullenbak", "verwijderde items", "kosz", "elementy usunięte", "koš", "odstraněná pošta"),
    *("papperskorgen", "borttaget", "slettet post", "papirkurv", "roskakori", "törölt elemek", "çöp kutusu"),
    *("корзина", "удаленные", "ゴミ箱", "削除済みアイテム", "已删除邮件", "已删除", "刪除的郵件", "휴지통"),
)
